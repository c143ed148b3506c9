"""COCO-format data for detection, refused where they would be learned wrong.

mmdet numbers labels in the order of the annotation file, whatever order ``classes`` has, and says
nothing; other faults show as a KeyError, or in the middle of an epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.datasets.transforms import LoadAnnotations
from mmengine.logging import MMLogger

from mmgreen.datasets.annotations import check_images, check_masks, read_annotations
from mmgreen.datasets.classes import check_categories
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.palette import with_colours
from mmgreen.registry import DATASETS


@DATASETS.register_module()
class CocoDataset(HostCocoDataset):
    """mmdet's CocoDataset, which refuses data that would be learned wrong or break off training.

    Category ids may have gaps; file names may have sub-folders or be absolute paths; all files are
    on a disk. What training does not use is left out as mmdet does, and counted in the log: boxes
    of less than a pixel or outside of their image, and with ``filter_cfg`` images without objects
    or of few pixels.

    Args:
        only_some_classes: whether the annotation file may have categories that are not in
            ``metainfo['classes']``; their objects are left out.
        check_images: whether every image file must be there; one look at the disk for each.
        data_prefix: ``img`` is the folder of the images inside ``data_root``.
        **settings: the others of mmdet's CocoDataset.

    Raises:
        FileNotFoundError: if the annotation file or an image is missing.
        DataError: if the file is not COCO, its categories are not ``classes`` in their order, or
            nothing is left to train on.
    """

    def __init__(
        self,
        *,
        only_some_classes: bool = False,
        check_images: bool = True,
        data_prefix: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.only_some_classes = only_some_classes
        self.check_images = check_images
        super().__init__(data_prefix={'img': '', **(data_prefix or {})}, **settings)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict[str, Any]:
        """mmdet's, with a colour for every class."""
        return with_colours(super()._load_metainfo(metainfo))

    def load_data_list(self) -> list[dict]:
        """One dict an image, as mmdet's, from a file that has been looked through."""
        content = read_annotations(self.ann_file, with_objects=not self.test_mode)
        categories = [each['name'] for each in content['categories']]
        check_categories(
            categories, self.metainfo['classes'], self.ann_file, self.only_some_classes
        )
        if self.check_images:
            check_images(content['images'], self.data_prefix['img'], self.ann_file)
        self._num_annotations = len(content['annotations'])
        if self.test_mode and any(each['id'] == 0 for each in content['annotations']):
            MMLogger.get_current_instance().warning(
                f'{self.ann_file} has an annotation with the id 0, which pycocotools takes for '
                'none: its object is scored as not found; number annotations from 1.'
            )
        return super().load_data_list()

    def filter_data(self) -> list[dict]:
        """The images that are used; those of a training and their objects are counted in the log.

        Raises:
            DataError: if there is nothing to train on, or masks that the pipeline loads are
                missing.
        """
        images = super().filter_data()
        if self.test_mode:
            return images
        objects = [each for image in images for each in image['instances']]
        if not objects:
            raise DataError(
                f'{self.ann_file} has no object to train on: none of its {self._num_annotations} '
                'annotations has a box inside of its image, a category in classes and an image '
                'as large as filter_cfg asks for.'
            )
        if self._loads_masks():
            check_masks(objects, self.ann_file)
        MMLogger.get_current_instance().info(
            f'{self.ann_file}: {len(images)} images with {len(objects)} objects to train on; '
            f'{len(self.data_list) - len(images)} images left out (no object, or too small), '
            f'{self._num_annotations - len(objects)} annotations not used (no box of a pixel '
            'inside of the image, another category, or in an image left out).'
        )
        return images

    def _loads_masks(self) -> bool:
        return any(
            isinstance(each, LoadAnnotations) and each.with_mask
            for each in self.pipeline.transforms
        )
