"""What a model says about images or videos without annotations: one by one, none loses the rest."""

from __future__ import annotations

import copy
import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.config import Config
from mmengine.logging import MMLogger

from mmgreen.apis.classifier import Classifier, is_classifier, load_classifier
from mmgreen.apis.console import hide_logged
from mmgreen.apis.launching import merge_options, read_config
from mmgreen.apis.look import Look
from mmgreen.apis.progress import progress
from mmgreen.datasets.errors import DataError, UnreadableImageError, UnreadableVideoError
from mmgreen.datasets.images import (
    IMAGE_ENDINGS,
    VIDEO_ENDINGS,
    hint_at_other_kind,
    other_files,
)
from mmgreen.datasets.read_image import sizes_in_headers
from mmgreen.datasets.sources import reads_clips, source_files
from mmgreen.errors import InputError, MissingFileError

if TYPE_CHECKING:
    from mmgreen.apis.detector import Detector
    from mmgreen.apis.found_objects import WholeImages

__all__ = ['PredictionInterrupted', 'Predictions', 'load_detector', 'predict']

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
        results: the file.
        pictures: the folder of pictures, with the sub-folders and names of the images; None of a
            classifier, which makes none.
        found: how much was found, in words.
        num_images: images looked at.
        num_objects: objects found with at least the score asked for.
        full: what there is to say of images that may hold more objects than can be found.
        unreadable: files that are no image or cut off, each with the reason.
        failed: images on which the model failed, each with the reason.
        left_aside: files of the folder that are no images by their ending, relative to it.
        not_reached: how many images were still to come when it was interrupted.
        kind: what was looked at, 'image' or 'video'.
    """

    results: Path
    pictures: Path | None
    found: str = ''
    num_images: int = 0
    num_objects: int = 0
    full: str = ''
    unreadable: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left_aside: list[str] = field(default_factory=list)
    not_reached: int = 0
    kind: str = 'image'

    def __str__(self) -> str:
        pictures = f', pictures in {self.pictures}' if self.pictures else ''
        lines = [f'{self.found}: {self.results}{pictures}']
        if self.full:
            lines.append(self.full)
        if self.not_reached:
            lines.append(f'interrupted: {self.not_reached} {self.kind}s were not looked at')
        for name, files in (('not readable', self.unreadable), ('failed', self.failed)):
            if files:
                lines.append(f'{len(files)} {self.kind}s left out, {name}:')
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


def load_detector(
    config: str | Path, checkpoint: str | Path, device: str | None = None
) -> Detector:
    """A detector for pictures from Python: see :func:`mmgreen.apis.detector.load_detector`."""
    from mmgreen.apis.detector import load_detector  # mmdet, which classifiers do without

    return load_detector(config, checkpoint, device)


def predict(
    config: str | Path,
    checkpoint: str | Path,
    source: str | Path,
    out_dir: str | Path,
    score_thr: float = 0.3,
    device: str | None = None,
    tile: int | None = None,
    overlap: float = 0.2,
    labels: bool = True,
    cfg_options: Mapping[str, Any] | None = None,
) -> Predictions:
    """Runs a detector or a classifier on images and writes one file, and pictures of objects.

    Of a detector, ``predictions.json`` has ``images``, ``categories`` and ``annotations`` with a
    ``score`` each: pycocotools and labelling tools open it, and ``COCO.loadRes`` takes its
    annotations. Category ids count from 1 in the order of the classes that the checkpoint was
    trained on. Of a classifier it has ``classes``, and ``images`` with the five best of them each,
    or ``videos`` where its config is one of clips; of these all is said that is said of images.
    Images are read by :class:`mmgreen.ReadImage`, as in training. One that cannot be read, or on
    which the model fails, is named in the result, and the others go on.

    Args:
        config: path of the model's config.
        checkpoint: path of its checkpoint. The file in ``backbone.init_cfg`` is not opened.
        source: an image, or a folder with sub-folders.
        out_dir: where to write; files of an earlier run are replaced.
        score_thr: objects of a lower score are left out, 0 to 1.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.
        tile: side in pixels of tiles in which a detector looks at each image; None: at the whole.
        overlap: of neighbouring tiles, as a share of a tile.
        labels: whether pictures have names and scores at the boxes.
        cfg_options: values to change in the config, by dotted keys.

    Raises:
        FileNotFoundError: if a file or folder is missing, or there is no image in the folder.
        ValueError: if the checkpoint is not that of the config's model, a number out of range, or
            ``out_dir`` in the folder of the images.
        PredictionInterrupted: on Ctrl-C, after what was found had been written.
    """
    hide_logged(MMLogger.get_current_instance())
    _check_numbers(score_thr, tile, overlap)
    _check_places(source, out_dir)
    cfg = read_config(str(config), ('model', 'test_dataloader'))
    merge_options(cfg, copy.deepcopy(cfg), cfg_options or {})
    paths, left_aside = _list_files(str(source), cfg.test_dataloader.dataset)
    model = _load(cfg, checkpoint, score_thr, device, tile, overlap, labels)
    pictures = None if isinstance(model, Classifier) else Path(out_dir, PICTURES)
    made = Predictions(Path(out_dir, RESULTS), pictures, left_aside=left_aside, kind=model.kind)
    sizes = [size[:2] for size in sizes_in_headers(paths) if size] if pictures else []
    note = model.note(sizes) if sizes else None
    if note:
        MMLogger.get_current_instance().warning(note)
    root = source if os.path.isdir(source) else os.path.dirname(source)
    looks: list[tuple[dict, Look]] = []
    interrupted = None
    done = 0
    try:
        for path in paths if model.shows_progress else progress(paths, 'Predicting', len(paths)):
            name = os.path.relpath(path, root)
            try:
                look = model.look(path, Path(out_dir, PICTURES, name))
                image = {'id': len(looks) + 1, 'file_name': name}
                looks.append((image | dict(height=look.height, width=look.width), look))
            except (UnreadableImageError, UnreadableVideoError) as error:
                made.unreadable.append(_why_unreadable(path, error))
            except Exception as error:  # A model or a full disk raises anything, on one picture.
                made.failed.append(f'{path} ({_in_a_line(error)})')
            done += 1
    except KeyboardInterrupt as error:
        interrupted = error
        made.not_reached = len(paths) - done
    _sum_up(made, model, looks)
    _write(model.content(looks), made.results)
    if interrupted:
        raise PredictionInterrupted(made) from interrupted
    return made


def _load(
    cfg: Config,
    checkpoint: str | Path,
    score_thr: float,
    device: str | None,
    tile: int | None,
    overlap: float,
    labels: bool,
) -> WholeImages | Classifier:
    """What looks at images."""
    if is_classifier(cfg):
        if tile:
            raise InputError(f'--tile is for detectors, and {cfg.filename} is of a classifier.')
        return load_classifier(cfg, checkpoint, device)
    from mmgreen.apis.detector import load_detector  # mmdet, which classifiers do without
    from mmgreen.apis.found_objects import Tiles, WholeImages

    detector = load_detector(cfg, checkpoint, device, labels)
    if tile:
        return Tiles(detector, score_thr, tile, overlap)
    return WholeImages(detector, score_thr)


def _sum_up(made: Predictions, model: Any, looks: Sequence[tuple[dict, Look]]) -> None:
    made.num_images = len(looks)
    made.found = model.describe([look for _, look in looks])
    if made.pictures:
        made.num_objects = sum(len(look.found) for _, look in looks)
    full = [(image['file_name'], look.num_full) for image, look in looks if look.num_full]
    if full:
        made.full = model.describe_full(sum(number for _, number in full), full[0][0])


def _check_numbers(score_thr: float, tile: int | None, overlap: float) -> None:
    if not 0 <= score_thr <= 1:
        raise InputError(f'score_thr must lie in 0..1, not {score_thr}.')
    if tile is not None and tile < 1:
        raise InputError(f'--tile is {tile}; give the side of a tile in pixels, as 640.')
    if not 0 <= overlap < 1:
        raise InputError(f'--overlap is {overlap}; give a share from 0 to below 1, as 0.2.')


def _check_places(source: str | Path, out_dir: str | Path) -> None:
    if not os.path.exists(source):
        raise MissingFileError(f'There is no file or folder {source}.')
    folder = Path(source).resolve()
    if folder in (Path(out_dir).resolve(), *Path(out_dir).resolve().parents):
        raise InputError(
            f'{out_dir} lies in {source}, so its pictures would be taken for images the next time; '
            'name a folder outside of it.'
        )


def _list_files(source: str, dataset: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What to look at, and the files of the folder that are none such by their ending."""
    if not os.path.isdir(source):
        return source_files(source, dataset), []
    clips = reads_clips(dataset) and not dataset.get('frames_in_folders')
    kind, endings, usual = (
        ('video', VIDEO_ENDINGS, 'MP4') if clips else ('image', IMAGE_ENDINGS, 'JPEG or PNG')
    )
    left_aside = other_files(source, endings)
    try:
        return source_files(source, dataset), left_aside
    except FileNotFoundError as error:
        if not left_aside:
            raise
        advice = hint_at_other_kind(left_aside) or f'Convert them to {usual} if they are {kind}s.'
        raise DataError(
            f'{source} holds no {kind} that is read: {_by_ending(left_aside)}. {advice.strip()}'
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
