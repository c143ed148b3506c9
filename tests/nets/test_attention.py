import pytest
import torch

from mmgreen.nets.attention import DenseWindows, VisibleGroups, WindowAttention, fit_window
from mmgreen.ops.grouping import plan_groups

CPU = torch.device('cpu')


@pytest.mark.parametrize(
    ('size', 'pad_small_map', 'expected'),
    [
        ((56, 56), False, (7, (0, 3))),
        ((8, 7), False, (7, (0,))),
        ((8, 7), True, (7, (0, 3))),
        ((3, 20), False, (3, (0,))),
        ((3, 20), True, (7, (0, 3))),
    ],
)
def test_the_two_rules_for_small_maps(size, pad_small_map, expected):
    assert fit_window(size, 7, pad_small_map) == expected


@pytest.mark.parametrize(
    ('size', 'shift'), [((14, 21), 0), ((14, 21), 3), ((10, 16), 3), ((3, 5), 2)]
)
def test_scatter_undoes_gather(size, shift):
    windows = DenseWindows.over(size, 7, shift, 7, CPU)
    tokens = torch.randn(2, *size, 4)
    assert torch.equal(windows.scatter(windows.gather(tokens, torch.zeros(4))), tokens)


def test_padding_of_a_dense_map_holds_what_it_is_told():
    windows = DenseWindows.over((2, 3), 4, 0, 4, CPU)
    gathered = windows.gather(torch.zeros(1, 2, 3, 2), torch.tensor([1.0, 2.0]))
    assert gathered.shape == (1, 1, 16, 2)
    assert gathered[0, 0, :, 0].view(4, 4).tolist() == [
        [0, 0, 0, 1],
        [0, 0, 0, 1],
        [1] * 4,
        [1] * 4,
    ]


def test_a_window_that_the_roll_joins_is_parted_again():
    # 4x4 tokens, windows of 2 shifted by 1: the last window joins four corners of the map
    windows = DenseWindows.over((4, 4), 2, 1, 2, CPU)
    may_attend = windows.bias_rows < 9
    assert may_attend[0].all()
    assert torch.equal(may_attend[3], torch.eye(4, dtype=torch.bool))


def test_grouped_attention_equals_a_plain_loop_over_windows():
    torch.manual_seed(0)
    attention = WindowAttention(8, 2, 3)
    coords = torch.tensor([[0, 0], [5, 5], [0, 2], [2, 1], [4, 4], [3, 0], [1, 1], [5, 0]])
    tokens = torch.randn(2, len(coords), 8)
    for shift in (0, 1):
        got = attention(tokens, VisibleGroups.of(plan_groups(coords, 3, shift), 3))
        homes = (coords + 3 - shift) // 3 if shift else coords // 3
        for home in homes.unique(dim=0):
            inside = (homes == home).all(-1).nonzero()[:, 0]
            alone = plan_groups(coords[inside], 3, shift)
            expected = attention(tokens[:, inside], VisibleGroups.of(alone, 3))
            assert torch.allclose(got[:, inside], expected, atol=1e-6)


def test_attention_is_the_formula():
    torch.manual_seed(0)
    attention = WindowAttention(8, 2, 3)
    tokens = torch.randn(1, 2, 8)
    coords = torch.tensor([[0, 0], [1, 2]])
    q, k, v = attention.qkv(tokens)[0].view(2, 3, 2, 4).permute(1, 2, 0, 3)
    table = attention.relative_position_bias_table
    # offsets (row, column) of the pairs: (0,0) (-1,-2) / (1,2) (0,0); row of the table (r+2)*5+c+2
    bias = table[torch.tensor([[12, 5], [19, 12]])].permute(2, 0, 1)
    mixed = ((q @ k.transpose(1, 2)) / 2 + bias).softmax(-1) @ v
    expected = attention.proj(mixed.transpose(0, 1).flatten(1))
    got = attention(tokens, VisibleGroups.of(plan_groups(coords, 3, 0), 3))
    assert torch.allclose(got[0], expected, atol=1e-6)
