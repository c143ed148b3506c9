"""COCO-format data for detection, refused where they would be learned wrong.

mmdet numbers labels in the order of the annotation file, whatever order ``classes`` has, and says
nothing; other faults show as a KeyError, or in the middle of an epoch.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import sqrt
from typing import Any

import torch
from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.datasets.api_wrappers import COCO
from mmdet.datasets.transforms import LoadAnnotations
from mmengine.logging import MMLogger

from mmgreen.datasets.annotations import check_images, read_annotations
from mmgreen.datasets.caps import warn_of_cap
from mmgreen.datasets.classes import check_categories
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.objects import (
    check_areas,
    check_boxes,
    check_masks,
    check_scored,
    count_unused,
)
from mmgreen.datasets.palette import with_colours
from mmgreen.datasets.scales import describe_scales
from mmgreen.datasets.substitutes import Substitutes, refuses_unreadable
from mmgreen.registry import DATASETS

HOSTS_READERS = ('LoadImageFromFile', 'mmcv.transforms.LoadImageFromFile', 'mmcv.LoadImageFromFile')


@DATASETS.register_module()
class CocoDataset(HostCocoDataset):
    """mmdet's CocoDataset, which refuses data that would be learned wrong or break off training.

    Category ids may have gaps; file names may have sub-folders or be absolute paths; all files are
    on a disk. What training does not use is left out as mmdet does, and counted in the log by
    reason. Images are read by ``mmgreen.ReadImage``, also where a pipeline names mmcv's reader
    without options. One that cannot be read is named once, counted, and in training another takes
    its place.

    Args:
        only_some_classes: whether the annotation file may have categories that are not in
            ``metainfo['classes']``; their objects are left out.
        check_images: whether every image file must be there, once, and of the size that the
            annotation file says; one look at the beginning of each file.
        scored: what an evaluator scores against the file ('bbox', 'segm'): it has to be there.
            ``tools/train.py`` and ``tools/test.py`` set it.
        most_found: objects that the detector can find in one image; where the file has more, it is
            said. Set likewise.
        data_prefix: ``img`` is the folder of the images inside ``data_root``.
        pipeline: transforms.
        **settings: the others of mmdet's CocoDataset.

    Raises:
        MissingFileError: if the annotation file or an image is missing.
        DataError: if the file is not COCO, its categories are not ``classes`` in their order, boxes
            or masks cannot be meant, or nothing is left to train on.
    """

    def __init__(
        self,
        *,
        only_some_classes: bool = False,
        check_images: bool = True,
        scored: Sequence[str] = (),
        most_found: int | None = None,
        data_prefix: Mapping[str, str] | None = None,
        pipeline: Sequence = (),
        **settings: Any,
    ) -> None:
        self.only_some_classes = only_some_classes
        self.check_images = check_images
        self.scored = scored
        self.most_found = most_found
        super().__init__(
            data_prefix={'img': '', **(data_prefix or {})},
            pipeline=[_our_reader(each) for each in pipeline],
            **settings,
        )

    def full_init(self) -> None:
        """Reads the file, and lays out the marks that the workers share with this process."""
        if not self._fully_initialized:
            super().full_init()
            self._substitutes = Substitutes(len(self), self.data_prefix['img'])

    def unreadable(self) -> torch.Tensor:
        """(N,) uint8, 1 for each image that this process or a worker of it found unreadable."""
        return self._substitutes.unreadable

    def __getitem__(self, index: int) -> dict:
        """What the pipeline makes of an image; all draws follow from the seed of a SeededIndex."""
        self.full_init()
        if self.test_mode:
            with refuses_unreadable():
                return super().__getitem__(index)
        return self._substitutes.get(super().__getitem__, index)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict[str, Any]:
        """mmdet's, with a colour for every class."""
        return with_colours(super()._load_metainfo(metainfo))

    def load_data_list(self) -> list[dict]:
        """One dict an image, as mmdet's, from a file that has been looked through."""
        with _no_collection():
            return self._load_data_list()

    def _load_data_list(self) -> list[dict]:
        content = read_annotations(self.ann_file, with_objects=not self.test_mode)
        categories = [each['name'] for each in content['categories']]
        check_categories(
            categories, self.metainfo['classes'], self.ann_file, self.only_some_classes
        )
        if self.check_images:
            check_images(content['images'], self.data_prefix['img'], self.ann_file)
        if self.test_mode and any(each['id'] == 0 for each in content['annotations']):
            MMLogger.get_current_instance().warning(
                f'{self.ann_file} has an annotation with the id 0, which pycocotools takes for '
                'none: its object is scored as not found; number annotations from 1.'
            )
        objects = [each for each in content['annotations'] if not each['iscrowd']]
        warn_of_cap((each['image_id'] for each in objects), self.most_found, self.ann_file)
        if not self.test_mode:
            check_boxes(content, self.ann_file)
            check_areas(content['annotations'], self.ann_file)
            classes = self.metainfo['classes']
            learned = {each['id'] for each in content['categories'] if each['name'] in classes}
            self._unused = count_unused(content, learned)
        elif self.scored:
            check_scored(content, self.ann_file, self.scored)
        # mmdet would parse the file once more.
        self.COCOAPI = partial(_indexed, content)
        try:
            return super().load_data_list()
        finally:
            del self.COCOAPI

    def filter_data(self) -> list[dict]:
        """The images that are used; those of a training and their objects are counted in the log.

        Raises:
            DataError: if there is nothing to train on, or masks that the pipeline loads are missing
                or cannot be meant.
        """
        images = super().filter_data()
        if self.test_mode:
            return images
        num_objects = _count_objects(images)
        unused = self._describe_unused(images)
        if not num_objects:
            raise DataError(
                f'{self.ann_file} has no object to train on: {unused or "it has no annotation"}.'
            )
        if self._loads_masks():
            check_masks(_with_images(images), self.ann_file)
        MMLogger.get_current_instance().info(
            f'{self.ann_file}: {len(images)} images with {num_objects} objects to train on; '
            f'{len(self.data_list) - len(images)} images left out (no object, or too small), '
            f'{unused or "all annotations used"}.'
        )
        self._tell_scales(images)
        return images

    def _tell_scales(self, images: Sequence[Mapping]) -> None:
        """How large images and objects are for the detector, where they are shrunk."""
        sides = [
            (place, sqrt(max(x2 - x1, 0) * max(y2 - y1, 0)))
            for place, image in enumerate(images)
            for x1, y1, x2, y2 in (each['bbox'] for each in image['instances'])
        ]
        sizes = [(image['width'], image['height']) for image in images]
        described = describe_scales(sizes, sides, self.pipeline.transforms)
        if described:
            text, become_small = described
            log = MMLogger.get_current_instance()
            (log.warning if become_small else log.info)(f'{self.ann_file}: {text}.')

    def _describe_unused(self, images: Sequence[Mapping]) -> str:
        """How many annotations are not used, by reason, those in images left out included."""
        left_out = _count_objects(self.data_list) - _count_objects(images)
        reasons = self._unused + Counter({'in an image smaller than filter_cfg asks for': left_out})
        text = ', '.join(f'{count} {reason}' for reason, count in reasons.most_common() if count)
        return f'{sum(reasons.values())} annotations not used: {text}' if text else ''

    def _loads_masks(self) -> bool:
        return any(
            isinstance(each, LoadAnnotations) and each.with_mask
            for each in self.pipeline.transforms
        )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without Python's collector, which would look again and again at millions of small lists."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _indexed(content: dict, path: str) -> COCO:
    """What mmdet's reader makes of a file, from its content."""
    index = COCO()
    index.dataset = content
    index.createIndex()
    index.img_ann_map, index.cat_img_map = index.imgToAnns, index.catToImgs
    return index


def _with_images(images: Sequence[Mapping]) -> list[dict]:
    """The objects whose masks are loaded, crowds included, each with the entry of its image."""
    found = []
    for image in images:
        entry = {key: image[key] for key in ('height', 'width')} | {'file_name': image['img_path']}
        found += [{**each, 'image': entry} for each in image['instances']]
    return found


def _count_objects(images: Sequence[Mapping]) -> int:
    return sum(not each['ignore_flag'] for image in images for each in image['instances'])


def _our_reader(transform: Any) -> Any:
    is_hosts = isinstance(transform, Mapping) and transform.get('type') in HOSTS_READERS
    options = set(transform) - {'type', '_scope_', 'backend_args'} if is_hosts else ()
    plain = is_hosts and not options and not transform.get('backend_args')
    return dict(type='mmgreen.ReadImage') if plain else transform
