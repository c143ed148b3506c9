"""The parts of Hiera (arXiv 2306.00989): orders of tokens, attention, block, patch embedding.

Attention always has four dimensions, windows of the batch, heads, tokens and channels, which fast
kernels take.

Letters in shapes: B images, C channels, T frames, H W pixels, t h w tokens in time, rows and
columns, N tokens, U mask units, V visible units, W windows, S tokens in a window.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from mmgreen.nets.layers import DropPath, Mlp, check_heads
from mmgreen.ops.choices import index_units
from mmgreen.ops.layout import FRAMES_PER_TOKEN, cut_windows, paste_windows, unroll
from mmgreen.ops.masking import UNIT_SIZE

PATCH_SIZE = 4
UNIT_SIDE = UNIT_SIZE // PATCH_SIZE


def pool_fours(tokens: Tensor, axis: int) -> Tensor:
    """The greatest value of each four tokens in a row along ``axis``: one 2x2 in unit order."""
    return tokens.unflatten(axis, (-1, 4)).amax(axis + 1)


class UnitOrder(NamedTuple):
    """How a block stores and cuts tokens in unit order: (B, N, C), each 2x2 four in a row."""

    window: int
    """Tokens of a window, which stand in a row; 0 for attention among all."""

    def split(self, tokens: Tensor) -> Tensor:
        """(B, N, C) to (B, W, S, C)."""
        return tokens.unflatten(1, (-1, self.window or tokens.shape[1]))

    def join(self, windows: Tensor, tokens: Tensor) -> Tensor:
        """(B, W, S, C) to the shape of ``tokens``, (B, N, C)."""
        return windows.flatten(1, 2)

    def pool(self, tokens: Tensor) -> Tensor:
        """(B, N, C) to (B, N / 4, C), the greatest value of each 2x2."""
        return pool_fours(tokens, 1)


class RasterOrder(NamedTuple):
    """How a block stores and cuts maps: (B, h, w, C), zero-padded to whole windows as in SAM 2."""

    window: int
    """Tokens a side of a window; 0 for attention among all."""
    pools: bool
    """Whether attention halves the resolution; then each 2x2 of a window is four in a row."""

    def split(self, tokens: Tensor) -> Tensor:
        """(B, h, w, C) to (B, W, S, C)."""
        sides = (self.window,) * 2 if self.window else tuple(tokens.shape[1:3])
        return cut_windows(tokens, sides, by_neighbourhood=self.pools)

    def join(self, windows: Tensor, tokens: Tensor) -> Tensor:
        """(B, W, S, C) to the shape of ``tokens``, (B, h, w, C)."""
        size = tuple(tokens.shape[1:3])
        side = self.window // 2 if self.pools else self.window
        return paste_windows(windows, (side,) * 2 if side else size, size)

    def pool(self, tokens: Tensor) -> Tensor:
        """(B, h, w, C) to (B, h / 2, w / 2, C), the greatest value of each 2x2."""
        return tokens.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).amax((2, 4))


class HieraAttention(nn.Module):
    """Attention inside windows; queries may be pooled, each 2x2 to its greatest values."""

    def __init__(self, dim: int, dim_out: int, num_heads: int, pools: bool):
        super().__init__()
        check_heads(dim_out, num_heads)
        self.num_heads = num_heads
        self.pools = pools
        self.qkv = nn.Linear(dim, 3 * dim_out)
        self.proj = nn.Linear(dim_out, dim_out)

    def forward(self, windows: Tensor) -> Tensor:
        """(B, W, S, C) to (B, W, S, C_out), or to (B, W, S / 4, C_out) if it pools."""
        qkv = self.qkv(windows).unflatten(-1, (3, self.num_heads, -1)).flatten(0, 1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if self.pools:
            q = pool_fours(q, 2)
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.proj(out).unflatten(0, windows.shape[:2])


class HieraBlock(nn.Module):
    """Attention and an MLP, each behind a norm and added to what went in."""

    def __init__(
        self,
        dim: int,
        dim_out: int,
        num_heads: int,
        order: UnitOrder | RasterOrder,
        pools: bool,
        drop_path: float,
        norm_eps: float,
    ):
        super().__init__()
        self.order = order
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = HieraAttention(dim, dim_out, num_heads, pools)
        self.norm2 = nn.LayerNorm(dim_out, eps=norm_eps)
        self.mlp = Mlp(dim_out, 4 * dim_out)
        self.drop_path = DropPath(drop_path)
        self.proj = nn.Linear(dim, dim_out) if dim != dim_out else None

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) or (B, h, w, C), as ``order`` says; out comes the same, or a quarter of it."""
        normed = self.norm1(tokens)
        if self.proj is not None:
            tokens = self.proj(normed)
        if self.attn.pools:
            tokens = self.order.pool(tokens)
        attended = self.order.join(self.attn(self.order.split(normed)), tokens)
        tokens = tokens + self.drop_path(attended)
        return tokens + self.drop_path(self.mlp(self.norm2(tokens)))


class HieraPatchEmbed(nn.Module):
    """Pixels to tokens by a convolution whose patches overlap: 7x7 with stride 4."""

    def __init__(self, in_channels: int, dim: int, is_video: bool):
        super().__init__()
        if is_video:
            self.proj = nn.Conv3d(in_channels, dim, (3, 7, 7), (2, 4, 4), (1, 3, 3))
        else:
            self.proj = nn.Conv2d(in_channels, dim, 7, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, [T,] H, W), whole tokens, to (B, C, [t,] h, w)."""
        return self.proj(images)

    def forward_visible(self, images: Tensor, visible: Tensor, units: Tensor) -> Tensor:
        """The tokens of the visible units alone; pixels of hidden ones count as zero.

        Args:
            images: (B, C, [T,] H, W), whole units.
            visible: (B, [t,] rows, columns) bool, the units.
            units: (B, V) int64, positions of the visible ones in raster order, time outermost.

        Returns:
            (B, V, 64, C), in Z-order.
        """
        grid, unit = visible.shape[1:], unit_shape(visible.dim() - 1)
        for axis, size in enumerate(unit, start=1):
            visible = visible.repeat_interleave(size, axis)
        pixels = images * visible[:, None]
        # Tokens see some pixels before, above and left of their unit, but none on its other sides.
        margins = self.proj.padding
        pixels = F.pad(pixels, [n for margin in reversed(margins) for n in (margin, 0)])
        for axis, (size, margin) in enumerate(zip(unit, margins, strict=True), start=2):
            pixels = pixels.unfold(axis, size + margin, size)
        by_unit = pixels.movedim(1, 1 + len(unit))
        chosen = by_unit[index_units(units, grid, len(images))].flatten(0, 1)
        convolve = F.conv3d if len(unit) == 3 else F.conv2d
        tokens = convolve(chosen, self.proj.weight, self.proj.bias, self.proj.stride)
        tokens = tokens.reshape(len(tokens), -1, UNIT_SIDE, UNIT_SIDE)
        return unroll(tokens, UNIT_SIDE).reshape(*units.shape, UNIT_SIDE**2, -1)


def unit_shape(dimensions: int) -> tuple[int, ...]:
    """Pixels of a mask unit in rows and columns, or in frames, rows and columns."""
    return (FRAMES_PER_TOKEN, UNIT_SIZE, UNIT_SIZE)[-dimensions:]
