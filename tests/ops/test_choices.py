"""Choices of units, shared or of each image: judged by plain loops."""

import pytest
import torch

from mmgreen.ops.choices import image_of_tokens, index_units, is_shared, take_places

SHARED = torch.tensor([1, 5])
EACH = torch.tensor([[1, 5], [0, 3]])


def test_a_row_for_each_image_is_not_shared():
    assert is_shared(SHARED) and not is_shared(EACH)


@pytest.mark.parametrize('rest', [(), (4,), (4, 2)])
@pytest.mark.parametrize('places', [SHARED, EACH])
def test_places_are_taken_image_by_image(places, rest):
    values = torch.randn(2, 6, *rest)
    expected = torch.stack([values[i][places.expand(2, -1)[i]] for i in range(2)])
    assert torch.equal(take_places(values, places), expected)


@pytest.mark.parametrize('grid', [(2, 3), (1, 2, 3)])
@pytest.mark.parametrize('units', [SHARED, EACH])
def test_units_are_found_on_every_axis_of_a_grid(units, grid):
    values = torch.randn(2, *grid, 4)
    got = values[index_units(units, grid, 2)]
    assert torch.equal(got, take_places(values.view(2, 6, 4), units))


def test_tokens_know_their_image_where_images_differ():
    assert image_of_tokens(SHARED, 4) is None
    assert image_of_tokens(EACH, 2).tolist() == [0] * 4 + [1] * 4
