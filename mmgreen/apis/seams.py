"""Objects found in overlapping tiles, put together: each comes out once.

Suppression by overlap (NMS) alone leaves the halves of objects that a seam cuts, since half a box
overlaps the whole one too little; suppression by the smaller box of the two takes small objects
that stand before large ones. What is compared here is what two tiles *both* see: restricted to the
area that they share, two boxes of one object agree, whatever else of it either tile holds.

mmdet's ``merge_results_by_nms`` makes a mask as large as the image for every object, needs sahi for
it, and leaves the halves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mmgreen.datasets.conversion.tiling import Grid, Tile

AGREEMENT = 0.5
"""Intersection over union, inside of what two tiles share, of the boxes of one object."""
NEAR = 0.01
"""Of a tile's side: a box that ends so near to an edge inside of the image is taken to be cut."""


class Found(NamedTuple):
    """Boxes of all tiles of an image.

    Attributes:
        boxes: (N, 4) left, top, right, bottom in pixels of the image.
        scores: (N,).
        labels: (N,) int.
        tiles: (N, 4) left, top, right, bottom of the tile in which each was found.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    tiles: np.ndarray


def group_across_seams(found: Found, grid: Grid, image_size: tuple[int, int]) -> list[list[int]]:
    """Which of the boxes are one object.

    Of boxes that lie whole in their tiles the best is one, by itself: exactly where it was found.
    Boxes that are cut count only where no whole one agrees with them; then the parts of an object
    that is larger than what tiles share are together.

    Args:
        found: in any order.
        grid: the tiles.
        image_size: width and height in pixels.

    Returns:
        Groups of rows of ``found``; the object is what holds all boxes of its group.
    """
    agreeing: dict[int, list[int]] = {row: [] for row in range(len(found.boxes))}
    for a, b in _agreements(found, grid):
        agreeing[a].append(b)
        agreeing[b].append(a)
    is_cut = _are_cut(found, image_size)
    groups: list[list[int]] = []
    kept = set()
    for row in np.argsort(-found.scores, kind='stable').tolist():
        if not is_cut[row] and kept.isdisjoint(agreeing[row]):
            kept.add(row)
            groups.append([row])
    lone = {row for row in agreeing if is_cut[row] and all(is_cut[agreeing[row]])}
    while lone:
        groups.append(_connected(lone.pop(), agreeing, lone))
    return groups


def hull(found: Found, group: Sequence[int]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what holds all boxes of a group."""
    boxes = found.boxes[list(group)]
    return (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())


def _are_cut(found: Found, image_size: tuple[int, int]) -> np.ndarray:
    """(N,) bool: whether a box ends at an edge of its tile that is none of the image."""
    near = NEAR * (found.tiles[:, 2:] - found.tiles[:, :2])
    begins = (found.boxes[:, :2] <= found.tiles[:, :2] + near) & (found.tiles[:, :2] > 0)
    ends = (found.boxes[:, 2:] >= found.tiles[:, 2:] - near) & (found.tiles[:, 2:] < image_size)
    return (begins | ends).any(1)


def _agreements(found: Found, grid: Grid) -> Iterator[tuple[int, int]]:
    """Pairs of rows, from two tiles, that are one object as far as both tiles see it."""
    rows: dict[Tile, np.ndarray] = {}
    corners, places = np.unique(found.tiles, axis=0, return_inverse=True)
    for place, (left, top, right, bottom) in enumerate(corners.astype(int).tolist()):
        tile = Tile(left, top, right - left, bottom - top)
        rows[tile] = np.flatnonzero(places.ravel() == place)
    for a in rows:
        for b in grid.tiles_over(tuple(a)):
            if a < b and b in rows:
                yield from _agreements_of(found, rows[a], rows[b], _shared(a, b))


def _shared(a: Tile, b: Tile) -> np.ndarray:
    (left, top, *_), (_, _, right, bottom) = np.maximum(a, b), np.minimum(a.corners, b.corners)
    return np.array((left, top, right, bottom))


def _agreements_of(
    found: Found, a: np.ndarray, b: np.ndarray, shared: np.ndarray
) -> Iterator[tuple[int, int]]:
    boxes_a, boxes_b = (_inside(found.boxes[rows], shared) for rows in (a, b))
    begin = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])
    end = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    both = (end - begin).clip(0).prod(-1)
    either = _areas(boxes_a)[:, None] + _areas(boxes_b)[None] - both
    agree = (both > AGREEMENT * either) & (found.labels[a][:, None] == found.labels[b][None])
    for row, column in zip(*agree.nonzero(), strict=True):
        yield int(a[row]), int(b[column])


def _inside(boxes: np.ndarray, area: np.ndarray) -> np.ndarray:
    """What of each box lies inside; without area where nothing does."""
    begin, end = np.maximum(boxes[:, :2], area[:2]), np.minimum(boxes[:, 2:], area[2:])
    return np.concatenate([begin, np.maximum(end, begin)], axis=1)


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _connected(row: int, agreeing: dict[int, list[int]], rest: set[int]) -> list[int]:
    """The row and all that agree with it, through one another; they are taken out of ``rest``."""
    group, ahead = [], [row]
    while ahead:
        group.append(ahead.pop())
        following = rest.intersection(agreeing[group[-1]])
        rest -= following
        ahead += following
    return sorted(group)
