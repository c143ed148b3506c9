import pytest
import torch

from mmgreen.ops.masking import check_masked, draw_masked, num_visible, unit_grid, unit_indices


@pytest.mark.parametrize(
    ('units', 'ratio', 'expected'),
    [(49, 0.75, 12), (49, 0.6, 19), (100, 0.9, 10), (196, 0.75, 49), (196, 0.6, 78), (4, 0.5, 2)],
)
def test_num_visible_is_the_papers_count(units, ratio, expected):
    assert num_visible(units, ratio) == expected


@pytest.mark.parametrize('ratio', [0, 1, -0.1, 1.5])
def test_num_visible_refuses_ratios_outside(ratio):
    with pytest.raises(ValueError, match='between 0 and 1'):
        num_visible(49, ratio)


def test_num_visible_refuses_to_hide_everything_or_nothing():
    with pytest.raises(ValueError, match='hides all of the 49'):
        num_visible(49, 0.99)
    with pytest.raises(ValueError, match='hides none of the 49'):
        num_visible(49, 1e-9)


@pytest.mark.parametrize('images', [None, 5])
def test_draw_masked_hides_the_same_number_everywhere(images):
    masked = draw_masked(49, 0.75, images)
    assert masked.dtype == torch.bool
    assert masked.shape == ((49,) if images is None else (5, 49))
    assert ((~masked).sum(-1) == 12).all()


def test_draw_masked_repeats_with_the_seed_and_differs_without():
    torch.manual_seed(3)
    first, second = draw_masked(49, 0.75), draw_masked(49, 0.75)
    torch.manual_seed(3)
    assert torch.equal(draw_masked(49, 0.75), first)
    assert not torch.equal(first, second)


def test_draw_masked_prefers_no_unit():
    torch.manual_seed(0)
    frequency = draw_masked(16, 0.75, 4000).float().mean(0)
    assert (frequency - 0.75).abs().max() < 0.04


def test_unit_grid_names_the_legal_multiple():
    assert unit_grid(224, 320, 32) == (7, 10)
    with pytest.raises(ValueError, match='200x333.*multiples of 32'):
        unit_grid(200, 333, 32)


def test_check_masked_names_what_is_wrong():
    good = torch.tensor([True, False, True, False])
    assert torch.equal(check_masked(good, (2, 2), 3), good)
    with pytest.raises(TypeError, match='bool'):
        check_masked(good.float(), (2, 2), 3)
    with pytest.raises(TypeError, match='list'):
        check_masked([True, False], (2, 2), 3)
    with pytest.raises(ValueError, match=r'shape \(4,\).*2x3 units'):
        check_masked(good, (2, 3), 3)
    with pytest.raises(ValueError, match='every unit'):
        check_masked(torch.ones(4, dtype=torch.bool), (2, 2), 3)
    unequal = torch.tensor([[True, False, True, False], [True, False, False, False]])
    with pytest.raises(ValueError, match='unequal'):
        check_masked(unequal, (2, 2), 2)


def test_unit_indices_keep_raster_order():
    chosen = torch.tensor([False, True, True, False])
    assert unit_indices(chosen).tolist() == [1, 2]
    rows = torch.tensor([[False, True, True, False], [True, False, False, True]])
    assert unit_indices(rows).tolist() == [[1, 2], [0, 3]]
