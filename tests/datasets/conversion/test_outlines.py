import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coding
from shapely.geometry import Polygon, box

from mmgreen.datasets.conversion.outlines import (
    area_of_polygons,
    bitmap_of,
    bounds_of_polygons,
    clip_polygons,
    crop_bitmap,
    run_lengths_of,
)

U_SHAPE = [0, 0, 9, 0, 9, 9, 6, 9, 6, 3, 3, 3, 3, 9, 0, 9]


def test_areas_and_bounds():
    assert area_of_polygons([[0, 0, 4, 0, 4, 3], U_SHAPE, [1, 1, 2, 2]]) == 6 + 81 - 18
    assert bounds_of_polygons([[5, 2, 7, 2, 7, 8], [1, 3, 2, 3, 2, 4]]) == (1, 2, 7, 8)


@given(
    points=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=8),
    corners=st.tuples(*[st.integers(0, 10)] * 2, *[st.integers(11, 20)] * 2),
)
def test_clipping_is_the_intersection_that_shapely_finds(points, corners):
    polygon = Polygon(points)
    if not polygon.is_valid:
        return
    cut = clip_polygons([np.ravel(points).tolist()], corners)
    assert area_of_polygons(cut) == pytest.approx(polygon.intersection(box(*corners)).area)
    for x, y in np.reshape([value for each in cut for value in each], (-1, 2)):
        assert corners[0] <= x <= corners[2] and corners[1] <= y <= corners[3]


def test_rounding_leaves_no_point_outside():
    ((*points,),) = clip_polygons([[0.1, 0, 8.2, 0, 8.2, 5, 0.1, 5]], (0, 0, 3.4, 9))
    assert max(points[0::2]) == 3.4


def test_what_lies_outside_is_no_polygon():
    assert clip_polygons([[0, 0, 4, 0, 4, 4], U_SHAPE], (20, 20, 30, 30)) == []
    assert clip_polygons([[0, 0, 4, 0, 4, 4]], (4, 0, 8, 8)) == []


@pytest.mark.parametrize('compressed', [True, False])
@pytest.mark.parametrize('corners', [(0, 0, 12, 8), (3, 2, 7, 6), (5, 0, 30, 4), (20, 0, 30, 8)])
def test_run_lengths_are_cut_as_their_pixels(compressed, corners):
    pixels = np.zeros((8, 30), np.uint8)
    pixels[1:6, 4:11] = np.random.default_rng(0).integers(0, 2, (5, 7))
    encoded = coding.encode(np.asfortranarray(pixels))
    if not compressed:
        flat = np.concatenate([[0], pixels.ravel(order='F'), [1 - pixels[-1, -1]]])
        edges = np.flatnonzero(np.diff(flat))
        encoded = {'size': [8, 30], 'counts': np.diff([0, *edges]).tolist()}
    left, top, right, bottom = corners
    part = crop_bitmap(bitmap_of(encoded), corners)
    again = run_lengths_of(part, right - left, bottom - top)
    assert isinstance(again['counts'], str)
    np.testing.assert_array_equal(coding.decode(again), pixels[top:bottom, left:right])
