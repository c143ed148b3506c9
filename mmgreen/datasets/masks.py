"""Masks as COCO files have them: polygons and run lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from pycocotools import mask as coding

from mmgreen.datasets.annotations import MOST_PIXELS
from mmgreen.datasets.errors import DataError

FEWEST_NUMBERS = 6
"""In a polygon: three points. mmdet leaves out those with fewer."""
MOST_DIGITS = 7
"""Of a compressed run length, five bits each: no image has more pixels."""


def check_form(mask: Any, image: Mapping, path: str) -> None:
    """Refuses what neither mmdet nor pycocotools can make a mask of.

    Args:
        mask: a ``segmentation`` of a COCO file.
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
        if run_lengths(mask, size) is None:
            raise DataError(
                f'{path}: the run lengths {str(mask.get("counts"))[:40]} of a mask in '
                f'{image["file_name"]} are not those of {size[0]}x{size[1]} pixels; encode it anew.'
            )
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


def bounds(mask: Any, image: Mapping) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mask in the form of :func:`check_form`."""
    if not isinstance(mask, Mapping):
        xs = [x for polygon in mask for x in polygon[0::2]]
        ys = [y for polygon in mask for y in polygon[1::2]]
        return min(xs), min(ys), max(xs), max(ys)
    if isinstance(mask['counts'], list):
        mask = coding.frPyObjects(mask, image['height'], image['width'])
    x, y, width, height = coding.toBbox(mask)
    return x, y, x + width, y + height


def run_lengths(mask: Mapping, size: Sequence[int]) -> list[int] | None:
    """Those of a mask, unpacked where they are compressed.

    Args:
        mask: a ``segmentation`` with ``counts``, good or bad.
        size: height and width of its image.

    Returns:
        As many pixels as the image has, in runs; None where there are others, or none.
    """
    counts = mask.get('counts')
    if isinstance(counts, str | bytes):
        counts = unpacked(counts)
    return counts if _fill(counts, size) else None


def unpacked(counts: str | bytes) -> list[int] | None:
    """Run lengths from COCO's compressed form, or None where it is none.

    pycocotools' own reader must not see any other: it goes on behind the end of a text that breaks
    off in the middle of a number, and writes what it finds there over memory that is not its own.
    A character holds five bits of a number, lowest first, and one that says whether more follow;
    from the fourth number on each is the difference from the last but one.
    """
    text = counts.encode('utf-8') if isinstance(counts, str) else counts
    digits = np.frombuffer(text, np.uint8).astype(np.int64) - ord('0')
    follows = (digits & 32) > 0
    if not len(digits) or digits.min() < 0 or digits.max() > 63 or follows[-1]:
        return None
    ends = np.flatnonzero(~follows)
    begins = np.append(0, ends[:-1] + 1)
    lengths = ends - begins + 1
    if lengths.max() > MOST_DIGITS:
        return None
    shifts = 5 * (np.arange(len(digits)) - begins.repeat(lengths))
    numbers = np.add.reduceat((digits & 31) << shifts, begins)
    numbers -= ((digits[ends] & 16) > 0).astype(np.int64) << 5 * lengths
    numbers[1::2] = numbers[1::2].cumsum()
    numbers[2::2] = numbers[2::2].cumsum()
    return numbers.tolist()


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
