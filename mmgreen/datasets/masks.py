"""Masks as COCO files have them: polygons and run lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from pycocotools import mask as coding

from mmgreen.datasets.annotations import MOST_PIXELS
from mmgreen.datasets.errors import DataError

FEWEST_NUMBERS = 6
"""In a polygon: three points. mmdet leaves out those with fewer."""


def check_form(mask: Any, image: Mapping, path: str) -> None:
    """Refuses what neither mmdet nor pycocotools can make a mask of.

    Args:
        mask: a ``segmentation`` of a COCO file. Compressed run lengths are not unpacked here:
            :func:`bounds` does.
        image: the entry of its image.
        path: of the annotation file, for the message.

    Raises:
        DataError: shows the mask.
    """
    if isinstance(mask, Mapping):
        size = [image['height'], image['width']]
        if mask.get('size') != size:
            raise DataError(
                f'{path}: a mask of run lengths in {image["file_name"]} has the size '
                f'{mask.get("size")}, its image {size} (height, width); encode it anew.'
            )
        counts = mask.get('counts')
        if not isinstance(counts, str | bytes) and not _fill(counts, size):
            raise _not_run_lengths(mask, image, path)
    elif not isinstance(mask, list) or not all(map(_is_polygon, mask)):
        raise DataError(
            f'{path}: the segmentation {str(mask)[:60]} is neither a list of polygons, each a '
            'list [x1, y1, x2, y2, ...] of finite numbers, nor run lengths.'
        )


def has_pixels(mask: Any) -> bool:
    """Whether mmdet makes a mask of it."""
    return isinstance(mask, Mapping) or any(
        len(each) >= FEWEST_NUMBERS and len(each) % 2 == 0 for each in mask
    )


def bounds(mask: Any, image: Mapping, path: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mask in the form of :func:`check_form`.

    Raises:
        DataError: if compressed run lengths cannot be unpacked.
    """
    if not isinstance(mask, Mapping):
        xs = [x for polygon in mask for x in polygon[0::2]]
        ys = [y for polygon in mask for y in polygon[1::2]]
        return min(xs), min(ys), max(xs), max(ys)
    if isinstance(mask['counts'], list):
        mask = coding.frPyObjects(mask, image['height'], image['width'])
    try:
        coding.decode(mask)  # toBbox takes anything
    except ValueError as error:
        raise _not_run_lengths(mask, image, path) from error
    x, y, width, height = coding.toBbox(mask)
    return x, y, x + width, y + height


def _is_polygon(points: Any) -> bool:
    """Whether it is a list of finite numbers, if an empty one."""
    try:
        inside = not points or -MOST_PIXELS < min(points) <= max(points) < MOST_PIXELS
        return isinstance(points, list) and inside and isfinite(sum(points))
    except TypeError:  # texts, or points as pairs
        return False


def _fill(counts: Any, size: Sequence[int]) -> bool:
    """Whether run lengths are as many pixels as the image has."""
    try:
        whole = isinstance(counts, list) and all(isinstance(each, int) for each in counts)
        return whole and min(counts) >= 0 and sum(counts) == size[0] * size[1]
    except ValueError:  # none
        return False


def _not_run_lengths(mask: Mapping, image: Mapping, path: str) -> DataError:
    return DataError(
        f'{path}: the run lengths {str(mask["counts"])[:40]} of a mask in {image["file_name"]} are '
        f'not those of {image["height"]}x{image["width"]} pixels; encode it anew.'
    )
