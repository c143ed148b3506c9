"""Pictures of what a detector found in a test, beside the truth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement, InstanceData
from torch.utils.data import Dataset

from mmgreen.datasets.palette import with_colours
from mmgreen.datasets.read_image import ReadImage
from mmgreen.registry import HOOKS

# Endings of pictures that are written as they are called; the others get .png behind their name.
WRITTEN = ('.jpg', '.jpeg', '.png')


@HOOKS.register_module()
class DrawDetections(Hook):
    """Draws each image of a test twice, side by side: with the true objects, and with those found.

    In the place of mmdet's DetVisualizationHook, with its arguments. The truth comes from the data
    set and not from the pipeline, which need not load it, so the score and its cost stay as they
    are. Masks are drawn where the detector predicts them. Images are read by our own reader, and
    classes beyond the 80 colours of COCO get others.

    Args:
        draw: whether to draw at all.
        score_thr: objects of a lower score are not drawn.
        show: show the pictures in a window.
        wait_time: seconds for which each window stays.
        test_out_dir: folder in the run's folder of logs (or an absolute path) for the pictures,
            which have the names of the images and their sub-folders.
    """

    def __init__(
        self,
        draw: bool = True,
        score_thr: float = 0.3,
        show: bool = False,
        wait_time: float = 0.0,
        test_out_dir: str | None = None,
    ) -> None:
        self.draw = draw
        self.score_thr = score_thr
        self.show = show
        self.wait_time = wait_time
        self.test_out_dir = test_out_dir
        self._entries: dict[Any, dict] = {}
        self._root = ''
        self._read_image = ReadImage()

    def before_test(self, runner: Runner) -> None:
        """Lists the truth by image, and sees to colours for all classes."""
        if not self.draw:
            return
        visualizer = runner.visualizer
        visualizer.dataset_meta = with_colours(visualizer.dataset_meta or {})
        dataset = runner.test_dataloader.dataset
        self._entries = _entries(dataset)
        steps = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
        # The test's own, which may take larger images.
        readers = (each for each in steps if isinstance(each, ReadImage))
        self._read_image = next(readers, self._read_image)
        folders = {os.path.dirname(each['img_path']) for each in self._entries.values()}
        self._root = os.path.commonpath(folders) if folders else ''

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[BaseDataElement] = (),
    ) -> None:
        """Draws the images of one batch."""
        if not self.draw:
            return
        for sample in outputs:
            key = sample.get('img_path') or sample.get('img_id')
            entry = self._entries.get(key, dict(img_path=sample.get('img_path')))
            image = self._read_image.transform(dict(img_path=entry['img_path']))['img'][..., ::-1]
            drawn = sample.clone()
            drawn.gt_instances = true_objects(
                entry.get('instances') or (),
                image.shape[:2],
                'masks' in sample.get('pred_instances', ()),
            )
            name = os.path.relpath(entry['img_path'], self._root or None)
            runner.visualizer.add_datasample(
                name if self.show else 'test_img',
                np.ascontiguousarray(image),
                data_sample=drawn,
                show=self.show,
                wait_time=self.wait_time,
                pred_score_thr=self.score_thr,
                out_file=self._path(runner, name),
                step=batch_idx,
            )

    def after_test(self, runner: Runner) -> None:
        """Says where the pictures are."""
        if self.draw and self.test_out_dir is not None:
            folder = os.path.relpath(self._folder(runner))
            runner.logger.info(f'Pictures, the truth on the left and what was found: {folder}')

    def _folder(self, runner: Runner) -> str:
        return os.path.join(runner.work_dir, runner.timestamp, self.test_out_dir)

    def _path(self, runner: Runner, name: str) -> str | None:
        if self.test_out_dir is None:
            return None
        return picture_name(os.path.join(self._folder(runner), name))


def picture_name(path: str) -> str:
    """The path of a picture about the image ``path``: with .png behind it, unless it is one."""
    return path if path.lower().endswith(WRITTEN) else f'{path}.png'


def true_objects(
    instances: Sequence[Mapping[str, Any]], size: tuple[int, int], with_masks: bool
) -> InstanceData:
    """What mmdet's visualizer draws of the annotated objects of an image; crowds are left out.

    Args:
        instances: as mmdet's data sets have them: ``bbox`` (x1, y1, x2, y2 in pixels),
            ``bbox_label``, ``ignore_flag`` and, with masks, ``mask`` (polygons or run lengths).
        size: height and width of the image.
        with_masks: whether to draw masks, (N, H, W) bool.
    """
    drawn = [each for each in instances if not each.get('ignore_flag')]
    boxes = [each['bbox'] for each in drawn]
    truth = InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        labels=torch.tensor([each['bbox_label'] for each in drawn], dtype=torch.int64),
    )
    if with_masks:
        masks = [_decoded(each.get('mask'), size) for each in drawn]
        truth.masks = np.array(masks, dtype=bool).reshape(-1, *size)
    return truth


def _decoded(mask: Any, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool; nothing where there is no mask, or none of this size."""
    # pycocotools comes with mmdet, and pretraining needs neither.
    from pycocotools import mask as coding

    from mmgreen.datasets.masks import run_lengths

    if isinstance(mask, list):
        # Fewer than three points are no polygon, and four numbers a box to pycocotools.
        polygons = [each for each in mask if len(each) >= 6 and len(each) % 2 == 0]
        mask = coding.merge(coding.frPyObjects(polygons, *size)) if polygons else None
    elif isinstance(mask, Mapping):
        # Masks that are not scored were not checked; see unpacked().
        counts = run_lengths(mask, size) if mask.get('size') == list(size) else None
        mask = counts and coding.frPyObjects(dict(size=list(size), counts=counts), *size)
    pixels = coding.decode(mask) if mask else np.zeros(size)
    return pixels.astype(bool) if pixels.shape == size else np.zeros(size, dtype=bool)


def _entries(dataset: Dataset) -> dict[Any, dict]:
    """What a data set says of each image, by its path and by its id."""
    infos = [dataset.get_data_info(place) for place in range(len(dataset))]
    kept = [{key: each.get(key) for key in ('img_path', 'instances')} for each in infos]
    by_id = {each.get('img_id'): entry for each, entry in zip(infos, kept, strict=True)}
    return by_id | {entry['img_path']: entry for entry in kept}
