"""How an image is cut into tiles, and which part of which object each tile gets.

Arithmetic alone: no pixel is read here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mmgreen.datasets.conversion.outlines import (
    Bitmap,
    Corners,
    area_of_polygons,
    bitmap_of,
    bounds_of_polygons,
    clip_polygons,
    crop_bitmap,
    run_lengths_of,
)
from mmgreen.datasets.conversion.records import Box, LabelledImage, LabelledObject, area_of
from mmgreen.errors import InputError

LEAST_PART = 0.4
"""Of an object's area, for its part in a tile to be learned as an object."""


class Tile(NamedTuple):
    """A rectangle of an image, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom."""
        return self.x, self.y, self.x + self.width, self.y + self.height


class Grid(NamedTuple):
    """The tiles of an image, every column crossed with every row.

    Attributes:
        lefts: of the columns, ascending.
        tops: of the rows, ascending.
        width: of every tile.
        height: likewise.
    """

    lefts: tuple[int, ...]
    tops: tuple[int, ...]
    width: int
    height: int

    def tiles(self) -> Iterator[Tile]:
        """Row by row."""
        return (Tile(x, y, self.width, self.height) for y in self.tops for x in self.lefts)

    def tiles_over(self, box: Box) -> Iterator[Tile]:
        """Those of which a box covers some area."""
        left, top, width, height = box
        columns = [x for x in self.lefts if x < left + width and left < x + self.width]
        rows = [y for y in self.tops if y < top + height and top < y + self.height]
        return (Tile(x, y, self.width, self.height) for y in rows for x in columns)

    def tile_of(self, box: Box) -> Tile:
        """The one that answers for a box, by its centre.

        Where tiles overlap, each answers for its half of what they share, so every point of the
        image has exactly one.
        """
        x = self.lefts[_place(box[0] + box[2] / 2, self.lefts, self.width)]
        y = self.tops[_place(box[1] + box[3] / 2, self.tops, self.height)]
        return Tile(x, y, self.width, self.height)


def plan_grid(
    image_size: tuple[int, int], tile_size: tuple[int, int], overlap: float = 0.0
) -> Grid:
    """The grid over an image: all tiles of full size, the last ones moved inwards.

    A side that is shorter than a tile stays whole.

    Args:
        image_size: width and height in pixels.
        tile_size: width and height in pixels.
        overlap: of a tile with the next, as a share of its side, from 0 up to below 1.

    Raises:
        InputError: if a tile has no size, or the overlap is out of range.
    """
    if min(tile_size) < 1:
        raise InputError(f'--size is {tile_size}; give pixels, at least 1.')
    if not 0 <= overlap < 1:
        raise InputError(f'--overlap is {overlap}; give a share from 0 to below 1, as 0.2.')
    width, height = (min(sides) for sides in zip(image_size, tile_size, strict=True))
    lefts, tops = (
        _starts(side, size, overlap) for side, size in zip(image_size, (width, height), strict=True)
    )
    return Grid(lefts, tops, width, height)


def even_size(image_size: tuple[int, int], about: int) -> tuple[int, int]:
    """A width and height near ``about`` of which a grid without overlap fits an image to the pixel.

    Up to rounding: tiles share fewer pixels than there are tiles in a row.
    """
    return tuple(-(-side // max(round(side / about), 1)) for side in image_size)


def _starts(side: int, size: int, overlap: float) -> tuple[int, ...]:
    step = max(int(size * (1 - overlap)), 1)
    return (*range(0, side - size, step), side - size)


def _place(centre: float, starts: Sequence[int], size: int) -> int:
    """Which of the starts answers for a point."""
    borders = [(a + size + b) / 2 for a, b in pairwise(starts)]
    return bisect_right(borders, centre)


def parts_for_training(
    image: LabelledImage, grid: Grid, least_part: float = LEAST_PART
) -> dict[Tile, list[LabelledObject]]:
    """By tile, every part of an object that has at least so much of its area.

    Of a crowd every part is kept: it is neither object nor background.
    """
    parts: dict[Tile, list[LabelledObject]] = {tile: [] for tile in grid.tiles()}
    for each in image.objects:
        whole = area_of(each)
        for tile, part in _parts(each, grid.tiles_over(each.box)):
            if each.iscrowd or area_of(part) >= least_part * whole:
                parts[tile].append(part)
    return parts


def parts_for_scoring(image: LabelledImage, grid: Grid) -> dict[Tile, list[LabelledObject]]:
    """By tile, each object once, in the tile that answers for it; other parts of it as crowds.

    COCO's evaluation ignores what is found on a crowd, so nobody has to find half a tree.
    """
    parts: dict[Tile, list[LabelledObject]] = {tile: [] for tile in grid.tiles()}
    for each in image.objects:
        found = dict(_parts(each, grid.tiles_over(each.box)))
        if not each.iscrowd:
            home = grid.tile_of(each.box)
            # A mask may have a gap, as wide as the tile, around its centre: then its box counts.
            found = {tile: part._replace(iscrowd=tile != home) for tile, part in found.items()}
            found.setdefault(home, _only_box(each, home))
        for tile, part in found.items():
            parts[tile].append(part)
    return parts


def _parts(each: LabelledObject, tiles: Iterator[Tile]) -> Iterator[tuple[Tile, LabelledObject]]:
    """What of an object lies in each tile, in pixels of the tile; none where that has no area."""
    is_bitmap = isinstance(each.segmentation, dict)
    bitmap = bitmap_of(each.segmentation) if is_bitmap else None
    for tile in tiles:
        part = _cut_bitmap(each, bitmap, tile) if bitmap else _cut(each, tile)
        if part is not None:
            yield tile, part


def _only_box(each: LabelledObject, tile: Tile) -> LabelledObject:
    left, top, right, bottom = _inside(_corners(each.box), tile)
    return each._replace(
        box=(left - tile.x, top - tile.y, right - left, bottom - top), segmentation=None
    )


def _cut(each: LabelledObject, tile: Tile) -> LabelledObject | None:
    part = _only_box(each, tile)
    if not each.segmentation:
        return part
    polygons = [
        [value - (tile.x, tile.y)[place % 2] for place, value in enumerate(polygon)]
        for polygon in each.segmentation
    ]
    if part.box[2:] == each.box[2:]:
        return part._replace(segmentation=polygons)
    polygons = clip_polygons(polygons, (0, 0, tile.width, tile.height))
    if not area_of_polygons(polygons):
        return None
    return part._replace(box=_as_box(bounds_of_polygons(polygons)), segmentation=polygons)


def _cut_bitmap(each: LabelledObject, bitmap: Bitmap, tile: Tile) -> LabelledObject | None:
    part = crop_bitmap(bitmap, tile.corners)
    if not part.pixels.any():
        return None
    rows, columns = part.pixels.any(axis=1).nonzero()[0], part.pixels.any(axis=0).nonzero()[0]
    bounds = (
        part.left + int(columns[0]),
        part.top + int(rows[0]),
        part.left + int(columns[-1]) + 1,
        part.top + int(rows[-1]) + 1,
    )
    is_whole = part.pixels.size == bitmap.pixels.size
    return each._replace(
        box=_only_box(each, tile).box if is_whole else _as_box(bounds),
        segmentation=run_lengths_of(part, tile.width, tile.height),
    )


def _corners(box: Box) -> Corners:
    return box[0], box[1], box[0] + box[2], box[1] + box[3]


def _as_box(corners: Corners) -> Box:
    left, top, right, bottom = corners
    return left, top, right - left, bottom - top


def _inside(corners: Corners, tile: Tile) -> Corners:
    left, top, right, bottom = tile.corners
    return (
        max(corners[0], left),
        max(corners[1], top),
        min(corners[2], right),
        min(corners[3], bottom),
    )
