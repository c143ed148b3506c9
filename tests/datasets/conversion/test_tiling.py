"""Every object is found again, compared with a count of pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coding

from mmgreen.datasets.conversion.records import LabelledImage, LabelledObject
from mmgreen.datasets.conversion.tiling import (
    Tile,
    even_size,
    parts_for_scoring,
    parts_for_training,
    plan_grid,
)
from mmgreen.errors import InputError

WIDTHS, HEIGHTS = st.integers(1, 40), st.integers(1, 30)


def outline_of(kind, x, y, w, h, width, height):
    """None, a polygon with a corner cut off, or run lengths of the same box."""
    if kind == 'polygons':
        return [[x, y, x + w, y, x + w, y + h / 2, x + w / 2, y + h, x, y + h]]
    if kind == 'run lengths':
        pixels = np.zeros((height, width), np.uint8, order='F')
        pixels[y : y + h, x : x + w] = 1
        encoded = coding.encode(pixels)
        return {'size': encoded['size'], 'counts': encoded['counts'].decode()}
    return None


@st.composite
def images(draw):
    width, height = draw(WIDTHS), draw(HEIGHTS)
    objects = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        w, h = draw(st.integers(1, width - x)), draw(st.integers(1, height - y))
        kind = draw(st.sampled_from(['box', 'polygons', 'run lengths']))
        outline = outline_of(kind, x, y, w, h, width, height)
        crowd = draw(st.booleans()) and draw(st.booleans())
        objects.append(LabelledObject('a', (x, y, w, h), outline, crowd, number))
    return LabelledImage('a.png', width, height, tuple(objects))


grids = st.tuples(WIDTHS, HEIGHTS, st.floats(0, 0.95))


def share_in(each, tile):
    """Of a box, the share of its pixels in a tile."""
    x, y, w, h = map(int, each.box)
    columns = len(set(range(x, x + w)) & set(range(tile.x, tile.x + tile.width)))
    rows = len(set(range(y, y + h)) & set(range(tile.y, tile.y + tile.height)))
    return columns * rows / (w * h)


@settings(max_examples=60, deadline=None)
@given(image=images(), how=grids)
def test_tiles_cover_every_pixel_and_have_full_size(image, how):
    grid = plan_grid((image.width, image.height), how[:2], how[2])
    seen = np.zeros((image.height, image.width), int)
    for tile in grid.tiles():
        seen[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
        assert tile[2:] == (min(how[0], image.width), min(how[1], image.height))
        assert tile.corners[2] <= image.width and tile.corners[3] <= image.height
    assert seen.min() >= 1


@settings(max_examples=100, deadline=None)
@given(image=images(), how=grids)
def test_in_a_validation_no_object_is_lost_or_doubled(image, how):
    grid = plan_grid((image.width, image.height), how[:2], how[2])
    parts = parts_for_scoring(image, grid)
    assert list(parts) == list(grid.tiles())
    for each in image.objects:
        found = {
            tile: part
            for tile, objects in parts.items()
            for part in objects
            if part.source_id == each.source_id
        }
        assert sum(map(len, parts.values())) >= len(image.objects)
        ordinary = [tile for tile, part in found.items() if not part.iscrowd]
        assert len(ordinary) == (0 if each.iscrowd else 1)
        for tile in ordinary:
            x, y, w, h = each.box
            assert tile.x <= x + w / 2 <= tile.x + tile.width
            assert tile.y <= y + h / 2 <= tile.y + tile.height
        if not isinstance(each.segmentation, list):  # a polygon may miss a tile that its box meets
            assert set(found) == {tile for tile in grid.tiles() if share_in(each, tile) > 0}


@settings(max_examples=100, deadline=None)
@given(image=images(), how=grids, least=st.sampled_from([0.0, 0.25, 0.4, 1.0]))
def test_in_a_training_exactly_the_parts_that_are_large_enough(image, how, least):
    grid = plan_grid((image.width, image.height), how[:2], how[2])
    parts = parts_for_training(image, grid, least)
    for tile, objects in parts.items():
        found = [part.source_id for part in objects]
        assert len(found) == len(set(found))
        expected = [
            each.source_id
            for each in image.objects
            if not isinstance(each.segmentation, list)
            and share_in(each, tile) >= (1e-9 if each.iscrowd else max(least, 1e-9))
        ]
        polygons = {e.source_id for e in image.objects if isinstance(e.segmentation, list)}
        assert [number for number in found if number not in polygons] == expected


@settings(max_examples=60, deadline=None)
@given(image=images(), how=grids)
def test_parts_lie_in_their_tiles(image, how):
    grid = plan_grid((image.width, image.height), how[:2], how[2])
    for parts in (parts_for_scoring(image, grid), parts_for_training(image, grid)):
        for tile, objects in parts.items():
            for x, y, w, h in (part.box for part in objects):
                assert x >= 0 and y >= 0 and w > 0 and h > 0
                assert x + w <= tile.width + 1e-9 and y + h <= tile.height + 1e-9


def test_a_tree_on_a_seam():
    tree = LabelledObject('tree', (5, 2, 10, 4), source_id=7)  # half in each of two tiles of 10
    image = LabelledImage('a.png', 20, 10, (tree,))
    grid = plan_grid((20, 10), (10, 10))
    left, right = Tile(0, 0, 10, 10), Tile(10, 0, 10, 10)
    halves = {left: [tree._replace(box=(5, 2, 5, 4))], right: [tree._replace(box=(0, 2, 5, 4))]}
    assert parts_for_training(image, grid) == halves
    scored = parts_for_scoring(image, grid)
    assert scored[right] == halves[right]
    assert scored[left] == [halves[left][0]._replace(iscrowd=True)]


def test_polygons_are_cut_and_the_box_follows_them():
    triangle = LabelledObject('a', (0, 0, 20, 10), [[0, 0, 20, 0, 20, 10]], source_id=1)
    image = LabelledImage('a.png', 20, 10, (triangle,))
    parts = parts_for_training(image, plan_grid((20, 10), (10, 10)), least_part=0.2)
    (left,), (right,) = parts.values()
    assert left.box == (0, 0, 10, 5) and right.box == (0, 0, 10, 10)
    assert len(left.segmentation[0]) == 6 and len(right.segmentation[0]) == 8


def test_a_mask_with_its_centre_missing_counts_by_its_box():
    apart = [[0, 0, 5, 0, 5, 5, 0, 5], [25, 0, 30, 0, 30, 5, 25, 5]]
    image = LabelledImage('a.png', 30, 10, (LabelledObject('a', (0, 0, 30, 5), apart),))
    parts = parts_for_scoring(image, plan_grid((30, 10), (10, 10)))
    crowds = [[part.iscrowd for part in objects] for objects in parts.values()]
    assert crowds == [[True], [False], [True]]


@pytest.mark.parametrize(
    ('side', 'size', 'overlap', 'starts'),
    [
        (10, 10, 0, (0,)),
        (9, 10, 0.5, (0,)),
        (11, 10, 0, (0, 1)),
        (20, 10, 0, (0, 10)),
        (25, 10, 0, (0, 10, 15)),
        (20, 10, 0.5, (0, 5, 10)),
    ],
)
def test_the_last_tile_is_moved_inwards(side, size, overlap, starts):
    assert plan_grid((side, 5), (size, 5), overlap).lefts == starts


def test_tiles_that_nearly_divide_an_image():
    assert even_size((2299, 2472), 400) == (384, 412)
    assert even_size((300, 400), 400) == (300, 400)
    assert len(plan_grid((2299, 2472), (384, 412)).lefts) == 6


@pytest.mark.parametrize(('size', 'overlap'), [((0, 5), 0), ((5, 5), 1), ((5, 5), -0.1)])
def test_grids_that_cannot_be(size, overlap):
    with pytest.raises(InputError):
        plan_grid((20, 20), size, overlap)
