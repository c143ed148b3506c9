"""COCO-format data for detection, looked through before it is trained on.

mmdet numbers labels in the order of the annotation file, whatever order ``classes`` has, and says
nothing; other faults show as a KeyError, or in the middle of an epoch.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence

from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.datasets.transforms import LoadAnnotations
from mmengine.logging import MMLogger

from mmgreen.datasets import DataError

IMAGE_KEYS = ('id', 'file_name', 'height', 'width')
# ``area`` and ``iscrowd`` are read by mmdet and by pycocotools' evaluation.
ANNOTATION_KEYS = ('id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd')
MENDS = {
    'area': ' (width times height of the box will do)',
    'iscrowd': ' (0 for an ordinary object)',
}


class CocoDataset(HostCocoDataset):
    """mmdet's CocoDataset, which refuses data that would be learned wrong or break off training.

    A config names it ``mmgreen.coco.CocoDataset``. Category ids may have gaps; file names may have
    sub-folders or be absolute paths. Boxes of less than a pixel, or outside of their image, are
    left out by mmdet; how many there are is logged.

    Args:
        only_some_classes: whether the annotation file may have categories that are not in
            ``metainfo['classes']``; their objects are left out.
        check_images: whether every image file must be there; one look at the disk for each.
        **settings: those of mmdet's CocoDataset.

    Raises:
        FileNotFoundError: if the annotation file or an image is missing.
        DataError: if the file is not COCO, or its categories are not ``classes`` in their order.
    """

    def __init__(
        self, only_some_classes: bool = False, check_images: bool = True, **settings
    ) -> None:
        self.only_some_classes = only_some_classes
        self.check_images = check_images
        super().__init__(**settings)

    def load_data_list(self) -> list[dict]:
        """One dict an image, as mmdet's, from a file that has been looked through."""
        content = read_annotations(self.ann_file)
        categories = [each['name'] for each in content['categories']]
        check_classes(categories, self.metainfo['classes'], self.ann_file, self.only_some_classes)
        if self.check_images:
            _check_images(content['images'], self.data_prefix['img'], self.ann_file)
        data_list = super().load_data_list()
        if not self.test_mode:
            self._check_objects(content['annotations'], data_list)
        return data_list

    def _check_objects(self, annotations: Sequence[Mapping], data_list: Sequence[Mapping]) -> None:
        """Refuses data to train on that has no object, or lacks masks that the pipeline loads."""
        used = sum(len(each['instances']) for each in data_list)
        if not used:
            raise DataError(
                f'{self.ann_file} has no object to train on: {len(annotations)} annotations, none '
                'of them with a box inside of its image and a category in classes.'
            )
        empty = sum(not each['instances'] for each in data_list)
        MMLogger.get_current_instance().info(
            f'{self.ann_file}: {len(data_list)} images, {empty} of them without objects; '
            f'{used} objects, {len(annotations) - used} annotations not used (no box of a pixel '
            'inside of the image, or another category).'
        )
        with_masks = any(
            isinstance(each, LoadAnnotations) and each.with_mask
            for each in self.pipeline.transforms
        )
        without = sum('mask' not in box for each in data_list for box in each['instances'])
        if with_masks and without:
            raise DataError(
                f'{without} of {used} objects in {self.ann_file} have no segmentation: add it, or '
                'train boxes alone (with_masks = False in the own-data config).'
            )


def read_annotations(path: str) -> dict:
    """The content of a COCO annotation file, known to have what training and evaluation read.

    Args:
        path: a JSON file with ``images``, ``annotations`` and ``categories``.

    Raises:
        FileNotFoundError: if it is missing.
        DataError: if it is not COCO; names the first thing that is wrong.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'There is no annotation file {os.path.abspath(path)}; set data_root and ann_file of '
            'the dataset.'
        )
    with open(path, encoding='utf-8') as stream:
        try:
            content = json.load(stream)
        except ValueError as error:
            raise DataError(f'{path} is not JSON, and so no COCO file: {error}.') from error
    sections = ('images', 'annotations', 'categories')
    lacking = [
        each
        for each in sections
        if not (isinstance(content, dict) and isinstance(content.get(each), list))
    ]
    if lacking:
        raise DataError(
            f'{path} is no COCO file of objects: it lacks the list {" and ".join(lacking)}.'
        )
    _check_entries(content, path)
    return content


def _check_entries(content: Mapping, path: str) -> None:
    keys = {'images': IMAGE_KEYS, 'annotations': ANNOTATION_KEYS, 'categories': ('id', 'name')}
    for section, needed in keys.items():
        for place, entry in enumerate(content[section]):
            lacking = [key for key in needed if key not in entry]
            if lacking:
                raise DataError(
                    f'{path}: entry {place} of {section} has no {lacking[0]!r}; add it to every '
                    f'entry{MENDS.get(lacking[0], "")}.'
                )
        ids = Counter(entry['id'] for entry in content[section])
        twice = [each for each, count in ids.items() if count > 1]
        if twice:
            raise DataError(f'{path}: the id {twice[0]} occurs twice in {section}; ids are unique.')
    for section, key in (('images', 'image_id'), ('categories', 'category_id')):
        ids = {entry['id'] for entry in content[section]}
        for entry in content['annotations']:
            if entry[key] not in ids:
                raise DataError(
                    f'{path}: annotation {entry["id"]} has {key} {entry[key]!r}, which is not the '
                    f'id of any of its {section}.'
                )


def check_classes(
    categories: Sequence[str],
    classes: Sequence[str],
    path: str,
    only_some_classes: bool = False,
) -> None:
    """Refuses ``classes`` that are not the categories of an annotation file in the file's order.

    Args:
        categories: names in the file, in its order.
        classes: names in the config, in the order of the model's outputs.
        path: of the file, for the message.
        only_some_classes: whether the file may have more.

    Raises:
        DataError: prints both lists.
    """
    if isinstance(classes, str):
        raise DataError(f'classes is the text {classes!r}; write a list: classes = ({classes!r},).')
    twice = [name for name, count in Counter(categories).items() if count > 1]
    if twice:
        raise DataError(f'{path} has two categories of the name {twice[0]!r}; merge them.')
    lists = f'The file has {tuple(categories)}, classes are {tuple(classes)}.'
    absent = [name for name in classes if name not in categories]
    if absent:
        raise DataError(f'{path} has no category {", ".join(map(repr, absent))}. {lists}')
    if only_some_classes:
        categories = [name for name in categories if name in classes]
    elif len(categories) > len(classes):
        more = [name for name in categories if name not in classes]
        raise DataError(
            f'{path} has the categories {", ".join(map(repr, more))}, which are not in classes: '
            f'add them, or give the dataset only_some_classes=True to leave them out. {lists}'
        )
    if list(categories) != list(classes):
        raise DataError(
            f'classes have another order than the categories in {path}, whose order counts: set '
            f'classes = {tuple(categories)}. {lists}'
        )


def _check_images(images: Sequence[Mapping], folder: str, path: str) -> None:
    names = [each['file_name'] for each in images]
    absent = [name for name in names if not os.path.isfile(os.path.join(folder, name))]
    if absent:
        raise FileNotFoundError(
            f'{len(absent)} of {len(names)} images that {path} lists are not in '
            f'{os.path.abspath(folder)}, {absent[0]} first; set data_prefix.img of the dataset, or '
            'take them out of the file.'
        )
