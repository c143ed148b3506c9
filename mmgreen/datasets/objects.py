"""Which objects of a COCO file a detector learns from, and why not from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mmengine.logging import MMLogger

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.masks import bounds, check_form, has_pixels

MOST = 0.5
"""What is wrong with more than this share of the objects cannot be meant, and is refused."""
LEAST_OVERLAP = 0.2
"""Of a mask's bounding box with the object's box: with less they are of different things."""
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
    """Refuses boxes that cannot be meant, and warns of what may not be.

    Raises:
        DataError: if most boxes are fractions of 1.
    """
    annotations = content['annotations']
    small = [each for each in annotations if max(each['bbox'][2:]) > 0 and max(each['bbox']) <= 1]
    if len(small) > MOST * len(annotations):
        raise DataError(
            f'{path}: boxes are fractions of 1, as {small[0]["bbox"]}; COCO has pixels: multiply '
            'them by width and height of their image.'
        )
    _warn_of_corners(content, path)
    _warn_of_repeats(annotations, path)


def check_areas(annotations: Sequence[Mapping], path: str) -> None:
    """Refuses objects that training would leave out for no reason that shows.

    Raises:
        DataError: if objects of real size have an area of 0.
    """
    flat = [each for each in annotations if each['area'] <= 0 and min(each['bbox'][2:]) >= 1]
    if flat:
        raise DataError(
            f'{path}: {len(flat)} of {len(annotations)} objects have an area of 0 and a box of '
            f'real size, annotation {flat[0]["id"]} first; mmdet would leave them out: give the '
            'area (width times height of the box will do).'
        )


def check_scored(content: Mapping, path: str, metrics: Sequence[str]) -> None:
    """Refuses a file against which no detector could be scored, and warns of what may not be meant.

    Args:
        content: of the file, as ``read_annotations`` gives it.
        path: of the file, for the message.
        metrics: what is scored: 'bbox', 'segm' and others of mmdet's CocoMetric.

    Raises:
        DataError: if there is no object, boxes are fractions of 1, or masks are to be scored and
            are missing or cannot be meant.
    """
    annotations = content['annotations']
    if not annotations:
        raise DataError(
            f'{path} has no object to score against; give the file that has them, or set '
            'format_only=True and outfile_prefix of the evaluator to write predictions alone.'
        )
    check_boxes(content, path)
    flat = [each for each in annotations if min(each['bbox'][2:]) <= 0]
    if flat:
        MMLogger.get_current_instance().warning(
            f'{path}: {len(flat)} of {len(annotations)} boxes have no width or no height, '
            f'annotation {flat[0]["id"]} first; they are scored as never found: take them out.'
        )
    if 'segm' in metrics:
        images = {each['id']: each for each in content['images']}
        objects = [_as_object(each, images[each['image_id']]) for each in annotations]
        check_masks(objects, path, "score boxes alone (metric='bbox' of the evaluator)")


def _as_object(annotation: Mapping, image: Mapping) -> dict:
    """In the form of :func:`check_masks`."""
    x, y, width, height = annotation['bbox']
    mask = annotation.get('segmentation')
    return dict(
        bbox=(x, y, x + width, y + height),
        image=image,
        ignore_flag=annotation['iscrowd'],
        **(dict(mask=mask) if mask else {}),
    )


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


def _warn_of_repeats(annotations: Sequence[Mapping], path: str) -> None:
    """The same box of the same class twice in an image: of two only one can be found."""
    counts = Counter((each['image_id'], each['category_id'], *each['bbox']) for each in annotations)
    repeats = len(annotations) - len(counts)
    if repeats:
        image, _, *box = next(each for each, count in counts.items() if count > 1)
        MMLogger.get_current_instance().warning(
            f'{path}: {repeats} of {len(annotations)} objects have the class and the box of '
            f'another in their image, image {image} first, {box}; take the copies out.'
        )


def check_masks(
    objects: Sequence[Mapping],
    path: str,
    without_masks: str = 'train boxes alone (with_masks = False in the own-data config)',
) -> None:
    """Refuses masks that are none or lie elsewhere than their boxes, where most do; else warns.

    Args:
        objects: with ``bbox`` (x1, y1, x2, y2) and ``mask``, with ``image``, its entry, and
            ``ignore_flag``: of crowds only the form of the mask counts.
        path: of the annotation file, for the message.
        without_masks: what can be done instead of mending them, for the message.

    Raises:
        DataError: counts the objects and shows one.
    """
    without = sum('mask' not in each for each in objects)
    if without:
        raise DataError(
            f'{without} of {len(objects)} objects in {path} have no segmentation: add it, or '
            f'{without_masks}.'
        )
    for each in objects:
        check_form(each['mask'], each['image'], path)
    objects = [each for each in objects if not each['ignore_flag']]
    no_polygons = [each for each in objects if not has_pixels(each['mask'])]
    _refuse_or_warn(
        no_polygons,
        objects,
        f'{path}: {{}} objects have a segmentation of fewer than three points, as {{}}; they are '
        f'taken as if they were not there: draw them, or {without_masks}.',
    )
    objects = objects[:NUM_LOOKED_AT]
    elsewhere = [
        each for each in objects if has_pixels(each['mask']) and _overlap(each) < LEAST_OVERLAP
    ]
    _refuse_or_warn(
        elsewhere,
        objects,
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


def _overlap(each: Mapping) -> float:
    """Of the mask's bounding box and the object's box, intersection over union."""
    a, b = bounds(each['mask'], each['image']), each['bbox']
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    both = max(across, 0) * max(down, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0
