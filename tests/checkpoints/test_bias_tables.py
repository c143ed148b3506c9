import pytest
import torch
from reference_checkpoints import slow_index
from timm.layers import resize_rel_pos_bias_table_simple

from mmgreen.checkpoints.bias_tables import (
    centre,
    cut_to,
    fit_tables,
    index_of,
    interpolate,
    side_of,
    trim,
    window_of,
)


def offset_table(window, heads=2):
    """A table whose row tells its offset: 100 * rows apart + columns apart, head times that."""
    reach = torch.arange(-(window - 1), window)
    flat = (100.0 * reach[:, None] + reach[None, :]).reshape(-1, 1) + 0.5
    return flat * torch.arange(1, heads + 1)


def test_sides():
    assert side_of(torch.zeros(169, 3)) == 13
    assert window_of(torch.zeros(169, 3)) == 7
    assert side_of(torch.zeros(168, 3)) is None
    assert side_of(torch.zeros(144, 3)) is None  # 12 offsets a side belong to no window
    with pytest.raises(ValueError, match='144 rows'):
        window_of(torch.zeros(144, 3))


def test_centre_keeps_what_an_offset_means():
    small, large = offset_table(3), centre(offset_table(3), 9)
    wanted = offset_table(5)
    rows = wanted[:, 0] - 0.5
    near = ((rows / 100).round().abs() <= 2) & ((rows - 100 * (rows / 100).round()).abs() <= 2)
    assert torch.equal(large[near], wanted[near])
    assert not large[~near].any()
    assert torch.equal(trim(large), small)
    assert torch.equal(cut_to(large, 3), small)


def test_cut_to_a_larger_window_changes_nothing():
    assert torch.equal(cut_to(offset_table(3), 12), offset_table(3))


def test_trim_leaves_other_tables():
    table = offset_table(4)
    assert torch.equal(trim(table), table)
    assert trim(torch.zeros(169, 2)).shape == (169, 2)
    one_corner = centre(offset_table(2), 9)
    one_corner[0, 1] = 1.0
    assert torch.equal(trim(one_corner), one_corner)


@pytest.mark.parametrize('window', [2, 5, 7, 14])
def test_interpolate_keeps_the_middle_and_the_symmetry(window):
    reach = torch.arange(-6.0, 7.0)
    distance = (reach[:, None] ** 2 + reach[None, :] ** 2).reshape(-1, 1)
    side = 2 * window - 1
    resized = interpolate(distance, side)
    assert resized.shape == (side**2, 1)
    maps = resized.view(side, side)
    assert torch.allclose(maps, maps.flip(0), atol=1e-4)
    assert torch.allclose(maps, maps.T, atol=1e-4)
    assert maps.argmin() == side**2 // 2
    assert maps[window - 1, window - 1].abs() < 1.0


def test_interpolate_as_others_do():
    table = torch.randn(169, 3)
    for window in (5, 12):
        side = 2 * window - 1
        wanted = resize_rel_pos_bias_table_simple(table, (window, window), (side**2, 3))
        assert torch.allclose(interpolate(table, side), wanted, atol=1e-6)


def test_interpolate_to_the_same_size_changes_nothing():
    assert torch.allclose(interpolate(offset_table(7), 13), offset_table(7))


def fitted(file_windows, model_window, heads=2):
    source = {f'stages.{i}': offset_table(window) for i, window in enumerate(file_windows)}
    target = {
        f'stages.{i}': torch.zeros((2 * model_window - 1) ** 2, heads)
        for i in range(len(file_windows))
    }
    return source, fit_tables(source, target)


def test_windows_that_the_original_cut_are_centred():
    source, result = fitted((14, 14, 14, 7), 14)
    assert list(result) == ['stages.3']
    assert result['stages.3'].how == 'centred'
    assert torch.equal(result['stages.3'].tensor, centre(source['stages.3'], 27))


@pytest.mark.parametrize(('file', 'model'), [((7, 7, 7, 7), 14), ((12, 12, 12, 6), 7)])
def test_another_window_is_interpolated(file, model):
    source, result = fitted(file, model)
    assert len(result) == 4
    for name, resized in result.items():
        assert resized.how == 'interpolated'
        assert torch.equal(resized.tensor, interpolate(source[name], 2 * model - 1))


def test_a_cut_window_of_the_size_wanted_is_taken_as_it_is():
    _, result = fitted((14, 14, 14, 7), 7)
    assert list(result) == ['stages.0', 'stages.1', 'stages.2']


def test_a_conversion_before_changes_nothing():
    source, direct = fitted((14, 14, 14, 7), 7)
    converted = {name: centre(table, 27) for name, table in source.items()}
    target = {name: torch.zeros(169, 2) for name in source}
    result = fit_tables(converted, target)
    for name in direct:
        assert torch.equal(result[name].tensor, direct[name].tensor)
    assert result['stages.3'].how == 'its middle taken'
    assert torch.equal(result['stages.3'].tensor, source['stages.3'])


def test_equal_sizes_are_left_alone():
    assert fitted((7, 7, 7, 7), 7)[1] == {}


def test_tables_that_cannot_be_resized_are_left_out():
    assert fitted((7, 7), 14, heads=3)[1] == {}
    assert fit_tables({'a': torch.ones(12, 2)}, {'a': torch.ones(169, 2)}) == {}
    assert fit_tables({}, {}) == {}


@pytest.mark.parametrize('window', [1, 2, 3, 7])
def test_index(window):
    table = torch.zeros((2 * window - 1) ** 2, 1)
    assert torch.equal(index_of(table), slow_index(window))
