"""Convolution on the visible tokens of a map, hidden neighbours counting as absent.

Letters in shapes: B images, V visible tokens, C channels, n visible units, s tokens a side of one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmgreen.errors import InputError
from mmgreen.ops.tiles import Tiles


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
            raise InputError(f'kernel_size must be odd, not {kernel_size}.')
        super().__init__(dim, dim, kernel_size, padding=kernel_size // 2, groups=dim)

    def forward_visible(self, tokens: Tensor, tiles: Tiles) -> Tensor:
        """The convolution at the visible tokens.

        Args:
            tokens: (B, V, C).
            tiles: of these tokens, by :func:`mmgreen.ops.tiles.cut_tiles` with the kernel's reach,
                ``kernel_size // 2``; on the device of the tokens.

        Returns:
            (B, V, C).
        """
        return _ConvolveTiles.apply(tokens, self.weight, self.bias, tiles)


class _ConvolveTiles(torch.autograd.Function):
    """Units with a rim of neighbours, each a small map. They are not kept but cut again.

    The gradient of the tokens is the same convolution of the gradient, with the kernel turned
    around: a token is its neighbour's neighbour.
    """

    @staticmethod
    def forward(ctx, tokens: Tensor, weight: Tensor, bias: Tensor, tiles: Tiles) -> Tensor:
        ctx.save_for_backward(tokens, weight, tiles.take, tiles.back)
        ctx.side = tiles.side
        return _paste(F.conv2d(_cut(tokens, tiles), weight, bias, groups=len(weight)), tiles)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        tokens, weight, take, back = ctx.saved_tensors
        tiles = Tiles(take, back, ctx.side)
        # Under autocast the forward pass ran in the precision of its output.
        weight_then = weight.to(grad.dtype)
        turned = F.conv2d(_cut(grad, tiles), weight_then.flip(2, 3), groups=len(weight))
        inside = round((len(back) / len(take)) ** 0.5)
        by_place = torch.empty_like(grad).index_copy_(1, back, grad)
        by_place = by_place.reshape(-1, inside, inside, grad.shape[-1]).permute(0, 3, 1, 2)
        _, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            by_place,
            _cut(tokens.to(grad.dtype), tiles),
            weight_then,
            bias_sizes=[len(weight)],
            stride=[1, 1],
            padding=[0, 0],
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=len(weight),
            output_mask=[False, True, True],
        )
        grad_tokens = _paste(turned, tiles).to(tokens.dtype)
        return grad_tokens, grad_weight.to(weight.dtype), grad_bias.to(weight.dtype), None


def _cut(tokens: Tensor, tiles: Tiles) -> Tensor:
    """(B, V, C) to (B * n, C, side, side), 0 where nothing is visible; channels last in memory."""
    pool = F.pad(tokens, (0, 0, 0, 1))
    cut = pool.index_select(1, tiles.take.flatten())
    return cut.reshape(-1, tiles.side, tiles.side, tokens.shape[-1]).permute(0, 3, 1, 2)


def _paste(maps: Tensor, tiles: Tiles) -> Tensor:
    """(B * n, C, s, s) to (B, V, C)."""
    by_place = maps.permute(0, 2, 3, 1).reshape(-1, len(tiles.back), maps.shape[1])
    return by_place.index_select(1, tiles.back)
