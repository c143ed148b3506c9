import math

import pytest
import torch

from mmgreen.ops.positions import (
    abs_win_table,
    bias_row_index,
    interpolate_table,
    relative_position_index,
    sincos_table,
    square_coords,
    tile_table,
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
    index = bias_row_index(coords, attend, 2)[0]
    assert (index[~attend[0]] == 9).all()
    assert index[0, 1] == 3 and index[1, 0] == 5 and index[2, 2] == 4


def test_a_table_of_the_size_wanted_is_left_alone_and_others_are_resized_as_in_sam_2():
    table = torch.randn(1, 4, 7, 7)
    assert interpolate_table(table, (7, 7)) is table
    expected = torch.nn.functional.interpolate(table, (5, 12), mode='bicubic', antialias=False)
    assert torch.equal(interpolate_table(table, (5, 12)), expected)


def test_a_tiled_table_repeats_and_is_cut():
    table = torch.randn(1, 2, 3, 4)
    tiled = tile_table(table, (7, 9))
    assert tiled.shape == (1, 2, 7, 9)
    for row in range(7):
        for column in range(9):
            assert torch.equal(tiled[..., row, column], table[..., row % 3, column % 4])


def test_abs_win_adds_what_is_resized_and_what_is_repeated():
    over_image, over_window = torch.full((1, 2, 3, 3), 5.0), torch.randn(1, 2, 8, 8)
    table = abs_win_table(over_image, over_window, (16, 24))
    for row in (0, 8):
        for column in (0, 8, 16):
            part = table[..., row : row + 8, column : column + 8]
            assert torch.allclose(part, over_window + 5, atol=1e-5)
