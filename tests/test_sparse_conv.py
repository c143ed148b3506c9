"""The sparse convolution against a loop over tokens and neighbours, and against the dense one."""

import pytest
import torch

from mmgreen.nets.sparse_conv import SparseDepthwiseConv2d


def looped(conv, tokens, places, size):
    """By the definition: of each visible token the sum over its visible neighbours."""
    reach = conv.kernel_size[0] // 2
    coords = [(int(place) // size[1], int(place) % size[1]) for place in places]
    rows = []
    for row, column in coords:
        total = conv.bias
        for other, (r, c) in enumerate(coords):
            if abs(r - row) <= reach and abs(c - column) <= reach:
                weight = conv.weight[:, 0, r - row + reach, c - column + reach]
                total = total + weight * tokens[:, other]
        rows.append(total.expand(len(tokens), -1))
    return torch.stack(rows, dim=1)


@pytest.mark.parametrize('kernel', [1, 3, 5])
@pytest.mark.parametrize('size', [(4, 6), (1, 5), (3, 3)])
@pytest.mark.parametrize('share', [0.1, 0.5, 1.0])
def test_output_and_gradients_by_definition(kernel, size, share):
    torch.manual_seed(0)
    conv = SparseDepthwiseConv2d(4, kernel).double()
    count = max(1, int(share * size[0] * size[1]))
    places = torch.randperm(size[0] * size[1])[:count]
    tokens = torch.randn(2, count, 4, dtype=torch.double, requires_grad=True)
    out = conv.forward_visible(tokens, places, size)
    expected = looped(conv, tokens, places, size)
    assert torch.allclose(out, expected)
    inputs = (tokens, conv.weight, conv.bias)
    towards = torch.randn_like(out)
    ours = torch.autograd.grad(out, inputs, towards)
    theirs = torch.autograd.grad(expected, inputs, towards)
    for got, wanted in zip(ours, theirs, strict=True):
        assert torch.allclose(got, wanted)


def test_gradients_are_those_of_finite_differences():
    conv = SparseDepthwiseConv2d(2).double()
    tokens = torch.randn(2, 4, 2, dtype=torch.double, requires_grad=True)

    def call(tokens, *_):
        return conv.forward_visible(tokens, torch.tensor([5, 0, 1, 7]), (2, 4))

    assert torch.autograd.gradcheck(call, (tokens, conv.weight, conv.bias))


def test_everything_visible_is_the_dense_convolution():
    conv = SparseDepthwiseConv2d(8)
    maps = torch.randn(2, 8, 5, 7)
    places = torch.randperm(35)
    tokens = maps.flatten(2).transpose(1, 2)[:, places]
    expected = conv(maps).flatten(2).transpose(1, 2)[:, places]
    assert torch.allclose(conv.forward_visible(tokens, places, (5, 7)), expected, atol=1e-6)


def test_half_precision():
    conv = SparseDepthwiseConv2d(8)
    tokens = torch.randn(2, 4, 8, requires_grad=True)
    places = torch.tensor([0, 1, 4, 9])
    with torch.autocast('cpu', torch.bfloat16):
        out = conv.forward_visible(tokens, places, (3, 4))
    out.float().sum().backward()
    exact = conv.forward_visible(tokens, places, (3, 4))
    assert out.dtype == torch.bfloat16
    assert torch.allclose(out.float(), exact, atol=0.05)
    assert tokens.grad.dtype == conv.weight.grad.dtype == torch.float32


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match='kernel_size must be odd, not 4'):
        SparseDepthwiseConv2d(8, 4)
