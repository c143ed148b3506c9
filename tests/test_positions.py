import math

import pytest
import torch

from mmgreen.ops.positions import (
    pair_index,
    relative_position_index,
    sincos_table,
    square_coords,
)


def test_sincos_table_follows_maes_formula_with_the_column_first():
    table = sincos_table(8, (2, 3))
    assert table.shape == (6, 8)
    row, column = 1, 2
    frequencies = [1.0, 10000 ** (-1 / 2)]
    expected = [
        f(position * frequency)
        for position in (column, row)
        for f in (math.sin, math.cos)
        for frequency in frequencies
    ]
    assert table[row * 3 + column].tolist() == pytest.approx(expected, abs=1e-6)


def test_sincos_table_refuses_odd_widths():
    with pytest.raises(ValueError, match='multiple of 4'):
        sincos_table(10, (2, 2))


def test_relative_position_index_by_definition():
    coords = square_coords(3)
    index = relative_position_index(coords, 3)
    for i, (row_i, column_i) in enumerate(coords.tolist()):
        for j, (row_j, column_j) in enumerate(coords.tolist()):
            assert index[i, j] == (row_i - row_j + 2) * 5 + (column_i - column_j + 2)


def test_a_cut_window_uses_the_middle_of_the_table():
    table = torch.arange(13 * 13).view(13, 13)
    middle = table[4:9, 4:9].flatten()
    small = relative_position_index(square_coords(3), 3)
    large = relative_position_index(square_coords(3), 7)
    assert torch.equal(middle[small], table.flatten()[large])


def test_pairs_that_may_not_attend_point_past_the_table():
    coords = torch.tensor([[[0, 0], [0, 1], [9, 9]]])
    attend = torch.tensor([[[True, True, False], [True, True, False], [False, False, True]]])
    index = pair_index(coords, attend, 2)[0]
    assert (index[~attend[0]] == 9).all()
    assert index[0, 1] == 3 and index[1, 0] == 5 and index[2, 2] == 4
