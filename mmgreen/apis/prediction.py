"""Boxes and masks on images without annotations: one after another, and none loses the rest."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mmcv
from pycocotools import mask as coding
from rich.progress import track

from mmgreen.apis.detector import Detector, load_detector
from mmgreen.datasets.errors import DataError, UnreadableImageError
from mmgreen.datasets.images import image_files, other_files
from mmgreen.engine.hooks.draw_detections import picture_name
from mmgreen.errors import InputError, MissingFileError

__all__ = ['PredictionInterrupted', 'Predictions', 'as_coco', 'load_detector', 'predict']

RESULTS = 'predictions.json'
PICTURES = 'pictures'
# What a file is by its first bytes, where it is often taken for a picture: place, bytes, words.
NO_PICTURES = (
    (4, b'ftyphei', 'HEIC is not read: convert it to JPEG or PNG'),
    (4, b'ftyphev', 'HEIC is not read: convert it to JPEG or PNG'),
    (4, b'ftypmif1', 'HEIC is not read: convert it to JPEG or PNG'),
    (4, b'ftypmsf1', 'HEIC is not read: convert it to JPEG or PNG'),
    (0, b'%PDF', 'PDF is not read: convert each page to JPEG or PNG'),
)


@dataclass
class Predictions:
    """What was found and written.

    Attributes:
        results: the COCO-format file.
        pictures: the folder of pictures, with the sub-folders and names of the images.
        num_images: images looked at.
        num_objects: objects found with at least the score asked for.
        unreadable: files that are no image or cut off, each with the reason.
        failed: images on which the detector failed, each with the reason.
        left_aside: files of the folder that are no images by their ending, relative to it.
        not_reached: how many images were still to come when it was interrupted.
    """

    results: Path
    pictures: Path
    num_images: int = 0
    num_objects: int = 0
    unreadable: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left_aside: list[str] = field(default_factory=list)
    not_reached: int = 0

    def __str__(self) -> str:
        lines = [
            f'{self.num_objects} objects in {self.num_images} images: {self.results}, pictures in '
            f'{self.pictures}'
        ]
        if self.not_reached:
            lines.append(f'interrupted: {self.not_reached} images were not looked at')
        for name, files in (('not readable', self.unreadable), ('failed', self.failed)):
            if files:
                lines.append(f'{len(files)} images left out, {name}:')
            lines += [f'left out, {name}: {each}' for each in files]
        if self.left_aside:
            lines.append(f'left aside by their ending: {_by_ending(self.left_aside)}')
        return '\n'.join(lines)


class PredictionInterrupted(KeyboardInterrupt):
    """Ctrl-C while predicting; what had been found until then is written.

    Attributes:
        predictions: what was found and written.
    """

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(str(predictions))
        self.predictions = predictions


def predict(
    config: str | Path,
    checkpoint: str | Path,
    source: str | Path,
    out_dir: str | Path,
    score_thr: float = 0.3,
    device: str | None = None,
) -> Predictions:
    """Runs a detector on images and writes pictures and one COCO-format file.

    ``predictions.json`` has ``images``, ``categories`` and ``annotations`` with a ``score`` each:
    pycocotools and labelling tools open it, and ``COCO.loadRes`` takes its annotations. Category
    ids count from 1 in the order of the classes that the checkpoint was trained on. Images are read
    by :class:`mmgreen.ReadImage`, as in training. One that cannot be read, or on which the detector
    fails, is named in the result, and the others go on.

    Args:
        config: path of the detector's config.
        checkpoint: path of its checkpoint. The file in ``backbone.init_cfg`` is not opened.
        source: an image, or a folder with sub-folders.
        out_dir: where to write; files of an earlier run are replaced.
        score_thr: objects of a lower score are left out, 0 to 1.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.

    Raises:
        FileNotFoundError: if a file or folder is missing, or there is no image in the folder.
        ValueError: if the checkpoint is not that of the config's model, the score out of range, or
            ``out_dir`` in the folder of the images.
        PredictionInterrupted: on Ctrl-C, after what was found had been written.
    """
    if not 0 <= score_thr <= 1:
        raise InputError(f'score_thr must lie in 0..1, not {score_thr}.')
    _check_places(source, out_dir)
    paths, left_aside = _list_files(str(source))
    detector = load_detector(config, checkpoint, device)
    made = Predictions(Path(out_dir, RESULTS), Path(out_dir, PICTURES), left_aside=left_aside)
    root = source if os.path.isdir(source) else os.path.dirname(source)
    found: list[tuple[dict, list[dict]]] = []
    interrupted = None
    done = 0
    try:
        for path in track(paths, description='Predicting', transient=True):
            name = os.path.relpath(path, root)
            try:
                image, objects = _look_at(detector, path, made.pictures / name, score_thr)
                found.append(({'id': len(found) + 1, 'file_name': name, **image}, objects))
            except UnreadableImageError as error:
                made.unreadable.append(_why_unreadable(path, error))
            except Exception as error:  # A model or a full disk raises anything, on one picture.
                made.failed.append(f'{path} ({_in_a_line(error)})')
            done += 1
    except KeyboardInterrupt as error:
        interrupted = error
        made.not_reached = len(paths) - done
    content = as_coco(found, detector.model.dataset_meta['classes'])
    made.num_images, made.num_objects = len(found), len(content['annotations'])
    _write(content, made.results)
    if interrupted:
        raise PredictionInterrupted(made) from interrupted
    return made


def _check_places(source: str | Path, out_dir: str | Path) -> None:
    if not os.path.exists(source):
        raise MissingFileError(f'There is no image or folder {source}.')
    folder = Path(source).resolve()
    if folder in (Path(out_dir).resolve(), *Path(out_dir).resolve().parents):
        raise InputError(
            f'{out_dir} lies in {source}, so its pictures would be taken for images the next time; '
            'name a folder outside of it.'
        )


def _list_files(source: str) -> tuple[list[str], list[str]]:
    """The images to look at, and the files of the folder that are none by their ending."""
    if not os.path.isdir(source):
        return [source], []
    left_aside = other_files(source)
    try:
        return image_files(source), left_aside
    except FileNotFoundError as error:
        if not left_aside:
            raise
        raise DataError(
            f'{source} holds no image that is read: {_by_ending(left_aside)}. Convert them to JPEG '
            'or PNG if they are images.'
        ) from error


def _by_ending(files: Sequence[str]) -> str:
    """How many files have which ending, with the first names of each."""
    groups = defaultdict(list)
    for name in files:
        groups[os.path.splitext(name)[1].lower() or 'no ending'].append(name)
    return '; '.join(
        f'{len(names)} {ending} ({", ".join(names[:3])}{", ..." if len(names) > 3 else ""})'
        for ending, names in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _look_at(
    detector: Detector, path: str, picture: Path, score_thr: float
) -> tuple[dict[str, int], list[dict]]:
    """Height and width of an image, and the objects in it; draws them.

    Raises:
        UnreadableImageError: if it cannot be read.
        OSError: if the picture cannot be written.
    """
    pixels = detector.read_image.transform({'img_path': path})['img']
    made = detector(pixels, return_vis=True, pred_score_thr=score_thr)
    target = picture_name(str(picture))
    if not mmcv.imwrite(made['visualization'][0][..., ::-1], target):
        raise OSError(f'{target} cannot be written')
    size = dict(height=pixels.shape[0], width=pixels.shape[1])
    return size, _kept(made['predictions'][0], score_thr)


def _why_unreadable(path: str, error: UnreadableImageError) -> str:
    """The path and the reason, in words where it is one of the usual ones."""
    try:
        with open(path, 'rb') as stream:
            head = stream.read(32)
    except OSError:
        head = b''
    for place, sign, words in NO_PICTURES:
        if head[place:].startswith(sign):
            return f'{path} ({words})'
    return str(error)


def _in_a_line(error: Exception) -> str:
    text = ' '.join(str(error).split())
    return f'{type(error).__name__}: {text[:200]}' if text else type(error).__name__


def _write(content: dict[str, Any], target: Path) -> None:
    """Writes the file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f'{target.name}.unfinished')
    unfinished.write_text(json.dumps(content, ensure_ascii=False), encoding='utf-8')
    os.replace(unfinished, target)


def as_coco(found: Iterable[tuple[dict, Sequence[dict]]], classes: Sequence[str]) -> dict[str, Any]:
    """A COCO file of predictions.

    Args:
        found: of each image its entry (``id``, ``file_name``, ``height``, ``width``) and what was
            found in it: ``label``, ``score``, ``box`` (x1, y1, x2, y2 in pixels) and, from a
            detector with masks, ``encoded`` (run lengths).
        classes: names, in the order of the labels.
    """
    images, annotations = [], []
    for image, objects in found:
        images.append(image)
        for each in objects:
            x1, y1, x2, y2 = each['box']
            encoded = each.get('encoded')
            annotation = {
                'id': len(annotations) + 1,
                'image_id': image['id'],
                'category_id': each['label'] + 1,
                'bbox': [x1, y1, x2 - x1, y2 - y1],
                'area': int(coding.area(encoded)) if encoded else (x2 - x1) * (y2 - y1),
                'iscrowd': 0,
                'score': each['score'],
            }
            annotations.append(annotation | ({'segmentation': encoded} if encoded else {}))
    categories = [{'id': i, 'name': name} for i, name in enumerate(classes, start=1)]
    return {'images': images, 'categories': categories, 'annotations': annotations}


def _kept(predicted: dict, score_thr: float) -> list[dict]:
    """The objects of one image with at least this score, the best first as mmdet sorts them."""
    encoded = predicted.get('masks') or [None] * len(predicted['scores'])
    rows = zip(predicted['labels'], predicted['scores'], predicted['bboxes'], encoded, strict=True)
    return [
        {'label': label, 'score': score, 'box': box, 'encoded': lengths}
        for label, score, box, lengths in rows
        if score >= score_thr
    ]
