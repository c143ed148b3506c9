"""A detector that sees of every object exactly what a tile shows of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmgreen.apis.seams import Found, group_across_seams, hull
from mmgreen.datasets.conversion.tiling import plan_grid

SIZE = (300, 230)


def see(boxes, grid, labels=None):
    """What of each box lies in each tile, and all scores different."""
    rows = []
    for tile in grid.tiles():
        for place, box in enumerate(boxes):
            left, top = np.maximum(box[:2], tile.corners[:2])
            right, bottom = np.minimum(box[2:], tile.corners[2:])
            if right > left and bottom > top:
                label = labels[place] if labels else 0
                rows.append([left, top, right, bottom, 0.5 + len(rows) / 1e4, label, *tile.corners])
    rows = np.array(rows, dtype=float).reshape(-1, 10)
    return Found(rows[:, :4], rows[:, 4], rows[:, 5].astype(int), rows[:, 6:])


def joined(found, grid):
    return [hull(found, group) for group in group_across_seams(found, grid, SIZE)]


@given(
    size=st.tuples(st.integers(60, 140), st.integers(60, 140)),
    overlap=st.floats(0.25, 0.6),
    places=st.sets(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=9),
    side=st.integers(12, 55),
    shift=st.tuples(st.integers(0, 3), st.integers(0, 1)),
)
def test_each_object_comes_out_once_where_it_is(size, overlap, places, side, shift):
    # Objects of one class that do not touch, anywhere on the seams, also larger than an overlap.
    boxes = [(x, y, x + side, y + side) for x, y in ((57 * a, 57 * b) for a, b in places)]
    boxes = [tuple(np.add(box, (*shift, *shift))) for box in boxes]
    grid = plan_grid(SIZE, size, overlap)
    assert sorted(joined(see(boxes, grid), grid)) == sorted(boxes)


def test_one_that_is_larger_than_any_tile_is_put_together():
    grid = plan_grid(SIZE, (90, 90), 0.3)
    box = (20, 30, 280, 220)
    assert joined(see([box], grid), grid) == [box]


def test_a_whole_one_is_taken_as_it_was_found():
    grid = plan_grid(SIZE, (100, 100), 0.2)
    found = see([(70, 10, 95, 30)], grid)  # whole in the first tile, cut in the second
    found.boxes[0] += (0.5, 0.25, -0.5, 0)
    (group,) = group_across_seams(found, grid, SIZE)
    assert group == [0] and len(found.scores) == 2


def test_the_better_of_two_whole_ones():
    grid = plan_grid(SIZE, (100, 100), 0.4)
    found = see([(70, 10, 90, 30)], grid)
    assert len(found.scores) == 2
    assert group_across_seams(found, grid, SIZE) == [[1]]
    assert group_across_seams(found._replace(scores=found.scores[::-1]), grid, SIZE) == [[0]]


@pytest.mark.parametrize(
    ('boxes', 'labels'),
    [
        ([(70, 10, 110, 50), (70, 10, 110, 50)], [0, 1]),  # two classes in one place
        ([(40, 40, 200, 200), (85, 85, 98, 98)], [0, 0]),  # small before large, on a seam
        ([(60, 10, 84, 40), (84, 10, 120, 40)], [0, 0]),  # side by side on a seam
    ],
)
def test_neighbours_stay_apart(boxes, labels):
    grid = plan_grid(SIZE, (100, 100), 0.2)
    assert sorted(joined(see(boxes, grid, labels), grid)) == sorted(boxes)


def test_those_of_one_tile_are_never_joined():
    grid = plan_grid(SIZE, SIZE, 0.2)
    boxes = [(10, 10, 50, 50), (11, 11, 51, 51)]
    assert sorted(joined(see(boxes, grid), grid)) == boxes


def test_without_overlap_parts_stay_parts():
    grid = plan_grid(SIZE, (100, 115), 0.0)
    assert len(joined(see([(80, 20, 120, 60)], grid), grid)) == 2


def test_nothing_found():
    grid = plan_grid(SIZE, (100, 100), 0.2)
    assert joined(see([], grid), grid) == []
