"""Boxes and masks on images without annotations: mmdet's DetInferencer, one image after another."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import mmcv
from mmdet.apis import DetInferencer
from mmdet.datasets import CocoDataset
from pycocotools import mask as coding
from rich.progress import track

from mmgreen.apis.launching import read_config
from mmgreen.checkpoints import read_checkpoint
from mmgreen.checkpoints.fitting import check_filled
from mmgreen.datasets.errors import UnreadableImageError
from mmgreen.datasets.images import image_files
from mmgreen.datasets.read_image import ReadImage

RESULTS = 'predictions.json'
PICTURES = 'pictures'


class Predictions(NamedTuple):
    """What was found and written.

    Attributes:
        num_images: images looked at.
        num_objects: objects found with at least the score asked for.
        unreadable: files that are no image or cut off, each with the reason.
        results: the COCO-format file.
        pictures: the folder of pictures, with the sub-folders and names of the images.
    """

    num_images: int
    num_objects: int
    unreadable: list[str]
    results: Path
    pictures: Path

    def __str__(self) -> str:
        lines = [
            f'{self.num_objects} objects in {self.num_images} images: {self.results}, pictures in '
            f'{self.pictures}',
            *(f'left out, not readable: {each}' for each in self.unreadable),
        ]
        return '\n'.join(lines)


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
    ids count from 1 in the order of the classes that the checkpoint was trained on.

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
    """
    if not 0 <= score_thr <= 1:
        raise ValueError(f'score_thr must lie in 0..1, not {score_thr}.')
    _check_places(source, out_dir)
    paths = image_files(str(source))
    inferencer = load_detector(config, checkpoint, device)
    classes = inferencer.model.dataset_meta['classes']
    root = source if os.path.isdir(source) else os.path.dirname(source)
    found, unreadable = [], []
    for path in track(paths, description='Predicting', transient=True):
        try:
            height, width = _size_of(path)
        except UnreadableImageError as error:
            unreadable.append(str(error))
            continue
        made = inferencer(path, return_vis=True, pred_score_thr=score_thr)
        name = os.path.relpath(path, root)
        mmcv.imwrite(made['visualization'][0][..., ::-1], _picture(out_dir, name))
        image = {'id': len(found) + 1, 'file_name': name, 'height': height, 'width': width}
        found.append((image, _kept(made['predictions'][0], score_thr)))
    results = Path(out_dir, RESULTS)
    content = as_coco(found, classes)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(content, ensure_ascii=False), encoding='utf-8')
    return Predictions(
        len(found), len(content['annotations']), unreadable, results, Path(out_dir, PICTURES)
    )


def _check_places(source: str | Path, out_dir: str | Path) -> None:
    if not os.path.exists(source):
        raise FileNotFoundError(f'There is no image or folder {source}.')
    folder = Path(source).resolve()
    if folder in (Path(out_dir).resolve(), *Path(out_dir).resolve().parents):
        raise ValueError(
            f'{out_dir} lies in {source}, so its pictures would be taken for images the next time; '
            'name a folder outside of it.'
        )


def _size_of(path: str) -> tuple[int, int]:
    """Height and width of an image that can be read to its end, by Pillow and by OpenCV.

    Raises:
        UnreadableImageError: if it cannot.
    """
    size = ReadImage().transform({'img_path': path})['img_shape']
    if not cv2.haveImageReader(path):
        raise UnreadableImageError(f'{path} (OpenCV does not know its format: convert it to PNG)')
    return size


def load_detector(
    config: str | Path, checkpoint: str | Path, device: str | None = None
) -> DetInferencer:
    """The DetInferencer of mmdet for a config, known to be filled by the checkpoint.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if the config is not that of a detector, or the checkpoint lacks parameters of
            the model, or the names of the classes.
    """
    cfg = read_config(str(config), ('model', 'test_dataloader'))
    if cfg.get('default_scope') != 'mmdet' or 'visualizer' not in cfg:
        raise ValueError(f'{config} is not the config of a detector; give the one it has.')
    content = read_checkpoint(checkpoint)
    classes = _classes_in(content)
    if not classes:
        raise ValueError(
            f'{checkpoint} has no names of classes, so it is not the checkpoint of a detector that '
            'tools/train.py wrote.'
        )
    # The palette that a dataset inherits is COCO's, and mmdet refuses it for more classes.
    palette = 'none' if len(classes) <= len(CocoDataset.METAINFO['palette']) else 'random'
    inferencer = DetInferencer(
        cfg, str(checkpoint), device=device, palette=palette, show_progress=False
    )
    advice = f'{config} is not the config that it was trained with: give that one.'
    check_filled(inferencer.model, content['state_dict'], str(checkpoint), advice)
    return inferencer


def _classes_in(checkpoint: Mapping[str, Any]) -> Sequence[str]:
    """Names of the classes in a checkpoint of mmdet 3 or 2; none if it has none."""
    meta = checkpoint.get('meta') or {}
    names = {key.lower(): value for key, value in (meta.get('dataset_meta') or meta).items()}
    return names.get('classes') or ()


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


def _picture(out_dir: str | Path, name: str) -> str:
    ending = '' if name.lower().endswith(('.jpg', '.jpeg', '.png')) else '.png'
    return os.path.join(out_dir, PICTURES, name + ending)
