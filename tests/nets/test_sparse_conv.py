"""The sparse convolution against a loop over tokens and neighbours, and against the dense one."""

import pytest
import torch

from mmgreen.nets.sparse_conv import SparseDepthwiseConv2d
from mmgreen.ops.layout import unit_coords, z_order
from mmgreen.ops.tiles import cut_tiles


def visible_coords(grid, side, count):
    """Row and column of the tokens of some units, in unit order."""
    units = torch.randperm(grid[0] * grid[1])[:count].sort().values
    return unit_coords(units, grid[1], z_order(side))


def looped(conv, tokens, coords):
    """By the definition: of each visible token the sum over its visible neighbours."""
    reach = conv.kernel_size[0] // 2
    rows = []
    for row, column in coords.tolist():
        total = conv.bias
        for other, (r, c) in enumerate(coords.tolist()):
            if abs(r - row) <= reach and abs(c - column) <= reach:
                weight = conv.weight[:, 0, r - row + reach, c - column + reach]
                total = total + weight * tokens[:, other]
        rows.append(total.expand(len(tokens), -1))
    return torch.stack(rows, dim=1)


@pytest.mark.parametrize('kernel', [1, 3, 5])
@pytest.mark.parametrize(('grid', 'side'), [((4, 6), 1), ((1, 5), 1), ((2, 3), 2), ((3, 2), 4)])
@pytest.mark.parametrize('share', [0.1, 0.5, 1.0])
def test_output_and_gradients_by_definition(kernel, grid, side, share):
    torch.manual_seed(0)
    conv = SparseDepthwiseConv2d(4, kernel).double()
    coords = visible_coords(grid, side, max(1, int(share * grid[0] * grid[1])))
    tokens = torch.randn(2, len(coords), 4, dtype=torch.double, requires_grad=True)
    out = conv.forward_visible(tokens, cut_tiles(coords, side, kernel // 2))
    expected = looped(conv, tokens, coords)
    assert torch.allclose(out, expected)
    inputs = (tokens, conv.weight, conv.bias)
    towards = torch.randn_like(out)
    ours = torch.autograd.grad(out, inputs, towards)
    theirs = torch.autograd.grad(expected, inputs, towards)
    for got, wanted in zip(ours, theirs, strict=True):
        assert torch.allclose(got, wanted)


def test_gradients_are_those_of_finite_differences():
    conv = SparseDepthwiseConv2d(2).double()
    coords = visible_coords((2, 2), 2, 2)
    tokens = torch.randn(2, 8, 2, dtype=torch.double, requires_grad=True)

    def call(tokens, *_):
        return conv.forward_visible(tokens, cut_tiles(coords, 2, 1))

    assert torch.autograd.gradcheck(call, (tokens, conv.weight, conv.bias))


def test_everything_visible_is_the_dense_convolution():
    conv = SparseDepthwiseConv2d(8)
    maps = torch.randn(2, 8, 8, 12)
    coords = visible_coords((2, 3), 4, 6)
    tokens = maps[:, :, coords[:, 0], coords[:, 1]].transpose(1, 2)
    expected = conv(maps)[:, :, coords[:, 0], coords[:, 1]].transpose(1, 2)
    out = conv.forward_visible(tokens, cut_tiles(coords, 4, 1))
    assert torch.allclose(out, expected, atol=1e-6)


def test_half_precision():
    conv = SparseDepthwiseConv2d(8)
    coords = visible_coords((2, 2), 2, 1)
    tokens = torch.randn(2, 4, 8, requires_grad=True)
    with torch.autocast('cpu', torch.bfloat16):
        out = conv.forward_visible(tokens, cut_tiles(coords, 2, 1))
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16
    assert torch.allclose(out.float(), looped(conv, tokens, coords), atol=0.05)
    assert tokens.grad.dtype == conv.weight.grad.dtype == torch.float32


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match='kernel_size must be odd, not 4'):
        SparseDepthwiseConv2d(8, 4)
