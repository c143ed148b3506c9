"""Convolution on the visible tokens of a map, hidden neighbours counting as absent.

Letters in shapes: B images, V visible tokens, C channels, h w rows and columns of the map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SparseDepthwiseConv2d(nn.Conv2d):
    """A depthwise convolution of stride 1, on whole maps or on visible tokens only.

    :meth:`forward` is torch's, zero-padded to the size of the map. :meth:`forward_visible` gives
    the same if every token is visible; else what is hidden counts as 0, and there is a result only
    where a token is visible (submanifold convolution; GreenMIM, arXiv 2205.13515, section 3).

    Args:
        dim: C.
        kernel_size: tokens a side, odd.

    Raises:
        ValueError: if ``kernel_size`` is even.
    """

    def __init__(self, dim: int, kernel_size: int = 3):
        if kernel_size % 2 == 0:
            raise ValueError(f'kernel_size must be odd, not {kernel_size}.')
        super().__init__(dim, dim, kernel_size, padding=kernel_size // 2, groups=dim)

    def forward_visible(self, tokens: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
        """The convolution at the visible tokens.

        Args:
            tokens: (B, V, C).
            places: (V,) int64, the place of each token in the map, row by row; each once.
            size: (h, w) of the map.

        Returns:
            (B, V, C).
        """
        return _SparseDepthwise.apply(tokens, self.weight, self.bias, places, size)


class _SparseDepthwise(torch.autograd.Function):
    """By way of the whole map, which is not kept: the backward pass makes it again."""

    @staticmethod
    def forward(
        ctx, tokens: Tensor, weight: Tensor, bias: Tensor, places: Tensor, size: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(tokens, weight, places)
        ctx.size = size
        maps = _scatter(tokens, places, size)
        padding = weight.shape[-1] // 2
        return _gather(F.conv2d(maps, weight, bias, padding=padding, groups=len(weight)), places)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        tokens, weight, places = ctx.saved_tensors
        # Under autocast the forward pass ran in the precision of its output.
        grad_maps, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            _scatter(grad, places, ctx.size),
            _scatter(tokens.to(grad.dtype), places, ctx.size),
            weight.to(grad.dtype),
            bias_sizes=[len(weight)],
            stride=[1, 1],
            padding=[weight.shape[-1] // 2] * 2,
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=len(weight),
            output_mask=[True, True, True],
        )
        grad_tokens = _gather(grad_maps, places).to(tokens.dtype)
        return grad_tokens, grad_weight.to(weight.dtype), grad_bias.to(weight.dtype), None, None


def _scatter(tokens: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, V, C) to (B, C, h, w), zero where nothing is visible; channels last in memory."""
    maps = tokens.new_zeros(len(tokens), size[0] * size[1], tokens.shape[-1])
    return maps.index_copy_(1, places, tokens).unflatten(1, size).permute(0, 3, 1, 2)


def _gather(maps: Tensor, places: Tensor) -> Tensor:
    """(B, C, h, w) to (B, V, C)."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2).index_select(1, places)
