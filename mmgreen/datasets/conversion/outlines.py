"""Masks of COCO, polygons and run lengths, cut by a rectangle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from pycocotools import mask as coding

Polygons = list[list[float]]
"""Each ``[x1, y1, x2, y2, ...]`` in pixels."""
Corners = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""
FEWEST_NUMBERS = 6
"""In a polygon: three points."""


def area_of_polygons(polygons: Polygons) -> float:
    """Square pixels, each polygon for itself."""
    return float(sum(_area(np.reshape(each, (-1, 2))) for each in polygons if len(each) >= 6))


def bounds_of_polygons(polygons: Polygons) -> Corners:
    """The smallest rectangle around all of them."""
    points = np.concatenate([np.reshape(each, (-1, 2)) for each in polygons])
    return tuple(map(float, (*points.min(0), *points.max(0))))


def clip_polygons(polygons: Polygons, corners: Corners) -> Polygons:
    """What lies inside of a rectangle; without what has no area there.

    The way of Sutherland and Hodgman: where a polygon leaves the rectangle and comes back, the
    parts stay joined along its edge, by a line without area.
    """
    cut = (_clip(np.reshape(each, (-1, 2)).astype(float), corners) for each in polygons)
    return [each.ravel().tolist() for each in cut if len(each) >= 3 and _area(each) > 0]


def _clip(points: np.ndarray, corners: Corners) -> np.ndarray:
    left, top, right, bottom = corners
    for axis, limit, sign in ((0, left, 1), (0, right, -1), (1, top, 1), (1, bottom, -1)):
        points = _keep_one_side(points, axis, limit, sign)
    return points


def _keep_one_side(points: np.ndarray, axis: int, limit: float, sign: int) -> np.ndarray:
    """(N, 2) points of what lies beyond ``limit`` on an axis, or before it where sign is -1."""
    kept: list[np.ndarray] = []
    for a, b in zip(np.roll(points, 1, axis=0), points, strict=True):
        depth_a, depth_b = sign * (a[axis] - limit), sign * (b[axis] - limit)
        if depth_a * depth_b < 0:
            crossing = a + (b - a) * (depth_a / (depth_a - depth_b))
            crossing[axis] = limit  # exactly: rounding would lie outside
            kept.append(crossing)
        if depth_b >= 0:
            kept.append(b)
    return np.array(kept).reshape(-1, 2)


def _area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


class Bitmap(NamedTuple):
    """The pixels of a mask inside of its own bounds, so that large images cost little.

    Attributes:
        left: of the bounds, in pixels of the image.
        top: likewise.
        pixels: (H, W) uint8, 1 = the object.
    """

    left: int
    top: int
    pixels: np.ndarray


def bitmap_of(run_lengths: dict[str, Any]) -> Bitmap:
    """The pixels of run lengths, compressed or not."""
    if isinstance(run_lengths['counts'], list):
        run_lengths = coding.frPyObjects(run_lengths, *run_lengths['size'])
    left, top, width, height = map(int, coding.toBbox(run_lengths))
    pixels = coding.decode(run_lengths)[top : top + height, left : left + width]
    return Bitmap(left, top, np.ascontiguousarray(pixels))


def crop_bitmap(bitmap: Bitmap, corners: Sequence[int]) -> Bitmap:
    """What of it lies in a rectangle, whose left and top are the new origin."""
    left, top, right, bottom = corners
    height, width = bitmap.pixels.shape
    begin_x, begin_y = max(left - bitmap.left, 0), max(top - bitmap.top, 0)
    end_x, end_y = max(right - bitmap.left, 0), max(bottom - bitmap.top, 0)
    pixels = bitmap.pixels[begin_y : min(end_y, height), begin_x : min(end_x, width)]
    return Bitmap(bitmap.left + begin_x - left, bitmap.top + begin_y - top, pixels)


def run_lengths_of(bitmap: Bitmap, width: int, height: int) -> dict[str, Any]:
    """Compressed run lengths on an image of this size, as JSON takes them.

    What it costs depends on the object alone: no array of the image's size is made.
    """
    beside = np.pad(bitmap.pixels.astype(np.int8), ((1, 1), (0, 0)))
    steps = np.diff(beside, axis=0).T  # by column, as COCO runs
    begins, ends = (
        (bitmap.left + columns) * height + bitmap.top + rows
        for columns, rows in ((steps == 1).nonzero(), (steps == -1).nonzero())
    )
    apart = begins[1:] != ends[:-1]  # else a run goes on from the foot of a column
    begins, ends = begins[np.r_[True, apart][: len(begins)]], ends[np.r_[apart, True][: len(ends)]]
    borders = np.stack([begins, ends], axis=1).ravel()
    runs = np.diff(np.r_[0, borders, width * height])
    counts = (runs[:-1] if len(runs) > 1 and not runs[-1] else runs).tolist()
    encoded = coding.frPyObjects({'size': [height, width], 'counts': counts}, height, width)
    return {'size': [height, width], 'counts': encoded['counts'].decode('ascii')}
