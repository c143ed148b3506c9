"""COCO-format data for detection, looked through before it is trained on.

mmdet numbers labels in the order of the annotation file, whatever order ``classes`` has, and says
nothing; other faults show as a KeyError, or in the middle of an epoch.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.datasets.transforms import LoadAnnotations
from mmengine.logging import MMLogger

from mmgreen.datasets import DataError


class Kind(NamedTuple):
    """What a value of an annotation file has to be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))


NAME = Kind('a text', lambda value: isinstance(value, str))
NUMBER = Kind('a number', _is_number)
NUMBER_OR_NAME = Kind('a number or a text', lambda value: isinstance(value, int | float | str))
PIXELS = Kind('a number of pixels above 0', lambda value: _is_number(value) and 0 < value < 1e6)
BOX = Kind('four numbers: left, top, width and height in pixels', _is_box)
FLAG = Kind('0 or 1', lambda value: value in (0, 1))

# What mmdet, and pycocotools in evaluation, read of each entry. Boxes may be degenerate.
KINDS = {
    'images': {
        'id': NUMBER_OR_NAME,
        'file_name': NAME,
        'height': PIXELS,
        'width': PIXELS,
    },
    'annotations': {
        'id': NUMBER,
        'image_id': NUMBER_OR_NAME,
        'category_id': NUMBER_OR_NAME,
        'bbox': BOX,
        'area': NUMBER,
        'iscrowd': FLAG,
    },
    'categories': {'id': NUMBER_OR_NAME, 'name': NAME},
}
MENDS = {
    'area': ' (width times height of the box will do)',
    'iscrowd': ' (0 for an ordinary object)',
}


class CocoDataset(HostCocoDataset):
    """mmdet's CocoDataset, which refuses data that would be learned wrong or break off training.

    A config names it ``mmgreen.coco.CocoDataset``. Category ids may have gaps; file names may have
    sub-folders or be absolute paths; all files are on a disk. What training does not use is left
    out as mmdet does, and counted in the log: boxes of less than a pixel or outside of their image,
    and with ``filter_cfg`` images without objects or of few pixels.

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

    def load_data_list(self) -> list[dict]:
        """One dict an image, as mmdet's, from a file that has been looked through."""
        content = read_annotations(self.ann_file, with_objects=not self.test_mode)
        categories = [each['name'] for each in content['categories']]
        check_classes(categories, self.metainfo['classes'], self.ann_file, self.only_some_classes)
        if self.check_images:
            _check_images(content['images'], self.data_prefix['img'], self.ann_file)
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
            _check_masks(objects, self.ann_file)
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


def read_annotations(path: str, with_objects: bool = True) -> dict:
    """The content of a COCO annotation file, known to have what training and evaluation read.

    Args:
        path: a JSON file with ``images``, ``annotations`` and ``categories``.
        with_objects: whether ``annotations`` must be there; COCO's own test set has none. Left out,
            they are an empty list.

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
    if not isinstance(content, dict):
        raise DataError(
            f'{path} is no COCO file of objects: it holds a {type(content).__name__}, not a dict '
            f'with {", ".join(KINDS)}; give the file that lists the images.'
        )
    if not with_objects:
        content.setdefault('annotations', [])
    lacking = [section for section in KINDS if not isinstance(content.get(section), list)]
    if lacking:
        raise DataError(
            f'{path} is no COCO file of objects: it lacks the list {" and ".join(lacking)}; give '
            'one that has it.'
        )
    if not content['images']:
        raise DataError(f'{path} lists no image; give another file.')
    _check_entries(content, path)
    return content


def _check_entries(content: Mapping, path: str) -> None:
    for section, kinds in KINDS.items():
        for place, entry in enumerate(content[section]):
            lacking = [key for key in kinds if not isinstance(entry, dict) or key not in entry]
            if lacking:
                raise DataError(
                    f'{path}: entry {place} of {section} has no {lacking[0]!r}; add it to every '
                    f'entry{MENDS.get(lacking[0], "")}.'
                )
            wrong = [key for key, kind in kinds.items() if not kind.holds(entry[key])]
            if wrong:
                raise DataError(
                    f'{path}: entry {place} of {section} has {wrong[0]} {entry[wrong[0]]!r}; it '
                    f'has to be {kinds[wrong[0]].words}.'
                )
        ids = Counter(entry['id'] for entry in content[section])
        twice = [each for each, count in ids.items() if count > 1]
        if twice:
            raise DataError(
                f'{path}: the id {twice[0]} occurs twice in {section}; number them anew.'
            )
    for section, key in (('images', 'image_id'), ('categories', 'category_id')):
        ids = {entry['id'] for entry in content[section]}
        for entry in content['annotations']:
            if entry[key] not in ids:
                raise DataError(
                    f'{path}: annotation {entry["id"]} has {key} {entry[key]!r}, which is not the '
                    f'id of any of its {section}; mend it, or take the annotation out.'
                )


def _check_masks(objects: Sequence[Mapping], path: str) -> None:
    without = sum('mask' not in each for each in objects)
    if without:
        raise DataError(
            f'{without} of {len(objects)} objects in {path} have no segmentation: add it, or train '
            'boxes alone (with_masks = False in the own-data config).'
        )
    for mask in (each['mask'] for each in objects):
        is_polygons = isinstance(mask, list) and all(isinstance(each, list) for each in mask)
        if not (is_polygons or isinstance(mask, dict)):
            raise DataError(
                f'{path}: the segmentation {str(mask)[:60]} is neither a list of polygons, each a '
                'list [x1, y1, x2, y2, ...], nor run lengths.'
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
    if isinstance(classes, str) or not classes:
        raise DataError(
            f'classes are {classes!r}, not a list of names; set classes = {tuple(categories)}, as '
            f'{path} has them.'
        )
    twice = [name for name, count in Counter(categories).items() if count > 1]
    if twice:
        raise DataError(f'{path} has two categories of the name {twice[0]!r}; merge them.')
    lists = f'The file has {tuple(categories)}, classes are {tuple(classes)}.'
    absent = [name for name in classes if name not in categories]
    if absent:
        raise DataError(
            f'{path} has no category {", ".join(map(repr, absent))}; name classes as the file '
            f'does. {lists}'
        )
    more = [name for name in categories if name not in classes]
    if only_some_classes:
        categories = [name for name in categories if name in classes]
    elif more:
        raise DataError(
            f'{path} has the categories {", ".join(map(repr, more))}, which are not in classes: '
            f'add them, or give the dataset only_some_classes=True to leave them out. {lists}'
        )
    if list(categories) != list(classes):
        raise DataError(
            f'classes have another order than the categories in {path}, whose order counts: set '
            f'classes = {tuple(categories)}, or sort the categories of the file if those of other '
            f'files have the order of classes. {lists}'
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
