"""Which objects of a COCO file a detector learns from, and why not from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.logging import MMLogger
from pycocotools import mask as coding

from mmgreen.datasets.errors import DataError

MOST = 0.5
"""What is wrong with more than this share of the objects cannot be meant, and is refused."""
LEAST_OVERLAP = 0.2
"""Of a mask's bounding box with the object's box: with less they are of different things."""
FEWEST_NUMBERS = 6
"""In a polygon: three points. mmdet leaves out those with fewer."""
NUM_LOOKED_AT = 20_000
"""Masks beyond so many are not compared with their boxes."""


def why_unused(annotation: Mapping, image: Mapping, categories: set) -> str | None:
    """Why mmdet leaves an annotation out; None if it does not.

    Args:
        annotation: an entry of a COCO file.
        image: the entry of its image.
        categories: ids of those that are learned.
    """
    x, y, width, height = annotation['bbox']
    across = min(x + width, image['width']) - max(x, 0)
    down = min(y + height, image['height']) - max(y, 0)
    reasons = {
        'with the flag ignore': annotation.get('ignore', False),
        'with a box of less than a pixel': width < 1 or height < 1,
        'with a box outside of the image': across <= 0 or down <= 0,
        'with an area of 0': annotation['area'] <= 0,
        'of another category': annotation['category_id'] not in categories,
        'a crowd (iscrowd), which is neither object nor background': annotation['iscrowd'],
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def count_unused(content: Mapping, categories: set) -> Counter[str]:
    """How many annotations are not learned from, by reason."""
    images = {each['id']: each for each in content['images']}
    reasons = (
        why_unused(each, images[each['image_id']], categories) for each in content['annotations']
    )
    return Counter(reason for reason in reasons if reason)


def check_boxes(content: Mapping, path: str) -> None:
    """Refuses boxes and areas that cannot be meant, and warns of what may not be.

    Raises:
        DataError: if most boxes are fractions of 1, or objects of real size have an area of 0.
    """
    annotations = content['annotations']
    small = [each for each in annotations if max(each['bbox'][2:]) > 0 and max(each['bbox']) <= 1]
    if len(small) > MOST * len(annotations):
        raise DataError(
            f'{path}: boxes are fractions of 1, as {small[0]["bbox"]}; COCO has pixels: multiply '
            'them by width and height of their image.'
        )
    flat = [each for each in annotations if each['area'] <= 0 and min(each['bbox'][2:]) >= 1]
    if flat:
        raise DataError(
            f'{path}: {len(flat)} of {len(annotations)} objects have an area of 0 and a box of '
            f'real size, annotation {flat[0]["id"]} first; mmdet would leave them out: give the '
            'area (width times height of the box will do).'
        )
    _warn_of_corners(content, path)


def _warn_of_corners(content: Mapping, path: str) -> None:
    """Boxes that end far outside of their image: right and bottom in the place of the size?"""
    images = {each['id']: each for each in content['images']}
    beyond = [
        each
        for each in content['annotations']
        if each['bbox'][0] + each['bbox'][2] > 1.05 * images[each['image_id']]['width']
        or each['bbox'][1] + each['bbox'][3] > 1.05 * images[each['image_id']]['height']
    ]
    if beyond:
        MMLogger.get_current_instance().warning(
            f'{path}: {len(beyond)} of {len(content["annotations"])} boxes end outside of their '
            f'image, annotation {beyond[0]["id"]} first, {beyond[0]["bbox"]}; a COCO box is left, '
            'top, width, height, not left, top, right, bottom.'
        )


def check_masks(objects: Sequence[Mapping], path: str) -> None:
    """Refuses masks that are none or lie elsewhere than their boxes, where most do; else warns.

    Args:
        objects: with ``bbox`` (x1, y1, x2, y2) and ``mask``, and with ``image``, its entry.
        path: of the annotation file, for the message.

    Raises:
        DataError: counts the objects and shows one.
    """
    without = sum('mask' not in each for each in objects)
    if without:
        raise DataError(
            f'{without} of {len(objects)} objects in {path} have no segmentation: add it, or train '
            'boxes alone (with_masks = False in the own-data config).'
        )
    for each in objects:
        _check_form(each['mask'], each['image'], path)
    no_polygons = [each for each in objects if not _has_pixels(each['mask'])]
    _refuse_or_warn(
        no_polygons,
        objects,
        f'{path}: {{}} objects have a segmentation of fewer than three points, as {{}}; they are '
        'learned from as if they were not there: draw them, or train boxes alone (with_masks = '
        'False in the own-data config).',
    )
    elsewhere = [
        each
        for each in objects[:NUM_LOOKED_AT]
        if _has_pixels(each['mask']) and _overlap(each) < LEAST_OVERLAP
    ]
    _refuse_or_warn(
        elsewhere,
        objects[:NUM_LOOKED_AT],
        f'{path}: {{}} masks do not lie in the boxes of their objects, as {{}}; polygons are '
        '[x1, y1, x2, y2, ...] in pixels of the whole image.',
    )


def _refuse_or_warn(wrong: Sequence[Mapping], objects: Sequence[Mapping], sentence: str) -> None:
    if not wrong:
        return
    text = sentence.format(f'{len(wrong)} of {len(objects)}', str(wrong[0]['mask'])[:60])
    if len(wrong) > MOST * len(objects):
        raise DataError(text)
    MMLogger.get_current_instance().warning(text)


def _check_form(mask: Any, image: Mapping, path: str) -> None:
    if isinstance(mask, Mapping):
        size = [image['height'], image['width']]
        if list(mask.get('size', ())) != size or 'counts' not in mask:
            raise DataError(
                f'{path}: a mask of run lengths in {image["file_name"]} has the size '
                f'{mask.get("size")}, its image {size} (height, width); encode it anew.'
            )
        return
    if not (isinstance(mask, list) and all(isinstance(each, list) for each in mask)):
        raise DataError(
            f'{path}: the segmentation {str(mask)[:60]} is neither a list of polygons, each a '
            'list [x1, y1, x2, y2, ...], nor run lengths.'
        )


def _has_pixels(mask: Any) -> bool:
    """Whether mmdet makes a mask of it."""
    return isinstance(mask, Mapping) or any(
        len(each) >= FEWEST_NUMBERS and len(each) % 2 == 0 for each in mask
    )


def _overlap(each: Mapping) -> float:
    """Of the mask's bounding box and the object's box, intersection over union."""
    a, b = _bounds(each['mask'], each['image']), each['bbox']
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    both = max(across, 0) * max(down, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0


def _bounds(mask: Any, image: Mapping) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mask."""
    if isinstance(mask, Mapping):
        if isinstance(mask['counts'], list):
            mask = coding.frPyObjects(mask, image['height'], image['width'])
        x, y, width, height = coding.toBbox(mask)
        return x, y, x + width, y + height
    xs = [x for polygon in mask for x in polygon[0::2]]
    ys = [y for polygon in mask for y in polygon[1::2]]
    return min(xs), min(ys), max(xs), max(ys)
