"""The parts of Twins (arXiv 2104.13840): where blocks find their tokens, attention, embeddings.

Letters in shapes: B images, H W pixels, h w rows and columns of tokens, C channels, V visible
tokens, G groups (a window of a dense map is a group too), S slots per group, K keys.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmgreen.nets.layers import DropPath, FeedForward, check_heads, convolve_unit_order
from mmgreen.nets.sparse_conv import SparseDepthwiseConv2d
from mmgreen.ops.grouping import GroupPlan, group, ungroup
from mmgreen.ops.layout import cut_windows, paste_windows
from mmgreen.ops.tiles import Tiles

POSITION_KERNEL = 3
PATCH_NORM_EPS = 1e-5  # of the norm behind each patch embedding, whatever norm_eps is


class DenseTokens(NamedTuple):
    """How blocks find their tokens in a whole map, (B, h, w, C)."""

    size: tuple[int, int]
    """(h, w)."""
    window: int
    """Tokens a side of a window."""
    attend: Tensor | None
    """(G, S, S) bool, True = may attend: not to what pads a window. None if nothing is padded."""

    @classmethod
    def over(cls, size: tuple[int, int], window: int, device: torch.device) -> DenseTokens:
        """The windows of a map, padded at the bottom and right to whole ones."""
        if not window or not (size[0] % window or size[1] % window):
            return cls(size, window, None)
        real = cut_windows(torch.ones(1, *size, 1, device=device), (window, window))[0, ..., 0]
        return cls(size, window, real[:, :, None] == real[:, None, :])

    def gather(self, tokens: Tensor) -> Tensor:
        """(B, h, w, C) to (B, G, S, C)."""
        return cut_windows(tokens, (self.window, self.window))

    def scatter(self, groups: Tensor) -> Tensor:
        """(B, G, S, C) back to (B, h, w, C)."""
        return paste_windows(groups, (self.window, self.window), self.size)

    def subsample(self, tokens: Tensor, conv: nn.Conv2d) -> Tensor:
        """(B, h, w, C) to (B, K, C); what is left of the map at the bottom and right is dropped."""
        return conv(tokens.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)

    def convolve(self, tokens: Tensor, conv: SparseDepthwiseConv2d) -> Tensor:
        """(B, h, w, C) in and out."""
        return conv(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class StagePlan(NamedTuple):
    """What ``masked`` decides about one stage; see :class:`VisibleTokens`."""

    groups: GroupPlan | None
    tiles: Tiles


class VisibleTokens(NamedTuple):
    """How blocks find their tokens among the visible ones, (B, V, C) in unit order."""

    groups: GroupPlan | None
    """Where each token sits in the groups; None in a stage without windows."""
    attend: Tensor | None
    """(G, S, S) bool, True = may attend."""
    tiles: Tiles
    """Where the neighbours of each token are."""

    @classmethod
    def of(cls, plan: StagePlan) -> VisibleTokens:
        """The tokens of a plan, on its device."""
        attend = None if plan.groups is None else plan.groups.attend
        return cls(plan.groups, attend, plan.tiles)

    def gather(self, tokens: Tensor) -> Tensor:
        """(B, V, C) to (B, G, S, C)."""
        return group(tokens, self.groups)

    def scatter(self, groups: Tensor) -> Tensor:
        """(B, G, S, C) back to (B, V, C)."""
        return ungroup(groups, self.groups)

    def subsample(self, tokens: Tensor, conv: nn.Conv2d) -> Tensor:
        """(B, V, C) to (B, K, C)."""
        return convolve_unit_order(tokens, conv)

    def convolve(self, tokens: Tensor, conv: SparseDepthwiseConv2d) -> Tensor:
        """(B, V, C) in and out."""
        return conv.forward_visible(tokens, self.tiles)


class LocallyGroupedAttention(nn.Module):
    """Attention among tokens that share a window (section 3.2, LSA)."""

    def __init__(self, dim: int, num_heads: int, qkv_bias: bool):
        super().__init__()
        check_heads(dim, num_heads)
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor, where: DenseTokens | VisibleTokens) -> Tensor:
        """(B, h, w, C) or (B, V, C) in, the same out."""
        qkv = where.gather(self.qkv(tokens)).unflatten(-1, (3, self.num_heads, -1))
        # Groups stand where heads usually do, so that one choice of pairs serves images and heads.
        q, k, v = qkv.permute(3, 0, 4, 1, 2, 5).flatten(1, 2)
        attend = None if where.attend is None else where.attend[None]
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=attend)
        out = out.unflatten(0, (-1, self.num_heads)).permute(0, 2, 3, 1, 4).flatten(3)
        return self.proj(where.scatter(out))


class SubsampledAttention(nn.Module):
    """Attention of all tokens to one key for each ``ratio`` x ``ratio`` of them (GSA)."""

    def __init__(self, dim: int, num_heads: int, qkv_bias: bool, ratio: int, norm_eps: float):
        super().__init__()
        check_heads(dim, num_heads)
        self.num_heads = num_heads
        self.q = nn.Linear(dim, dim, bias=qkv_bias)
        self.kv = nn.Linear(dim, 2 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        if ratio > 1:
            self.sr = nn.Conv2d(dim, dim, ratio, ratio)
            self.norm = nn.LayerNorm(dim, eps=norm_eps)
        self.ratio = ratio

    def forward(self, tokens: Tensor, where: DenseTokens | VisibleTokens) -> Tensor:
        """(B, h, w, C) or (B, V, C) in, the same out."""
        sources = tokens.flatten(1, -2)
        if self.ratio > 1:
            sources = self.norm(where.subsample(tokens, self.sr))
        q = self.q(tokens).flatten(1, -2).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        k, v = self.kv(sources).unflatten(-1, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.proj(out.view(tokens.shape))


class TwinsBlock(nn.Module):
    """Attention and an MLP, each behind a norm and added to what went in."""

    def __init__(
        self, dim: int, attention: nn.Module, mlp_ratio: int, drop_path: float, norm_eps: float
    ):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = attention
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.ffn = FeedForward(dim, mlp_ratio * dim)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, where: DenseTokens | VisibleTokens) -> Tensor:
        """(B, h, w, C) or (B, V, C) in, the same out."""
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens), where))
        return tokens + self.drop_path(self.ffn(self.norm2(tokens)))


class TwinsPatchEmbed(nn.Module):
    """Pixels, or tokens of the stage before, to the tokens of a stage."""

    def __init__(self, in_channels: int, dim: int, patch_size: int, stride: int):
        super().__init__()
        self.projection = nn.Conv2d(in_channels, dim, patch_size, stride)
        self.norm = nn.LayerNorm(dim, eps=PATCH_NORM_EPS)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) of any size, zero-padded at the bottom and right, to (B, h, w, C)."""
        (patch, _), (stride, _) = self.projection.kernel_size, self.projection.stride
        bottom, right = (max(-side % stride + patch - stride, 0) for side in maps.shape[-2:])
        return self.norm(self.projection(F.pad(maps, (0, right, 0, bottom))).permute(0, 2, 3, 1))

    def forward_patches(self, patches: Tensor) -> Tensor:
        """(B, V, C, p, p) to (B, V, C)."""
        weight = self.projection.weight.flatten(1)
        return self.norm(F.linear(patches.flatten(2), weight, self.projection.bias))

    def forward_visible(self, tokens: Tensor) -> Tensor:
        """(B, V, C) in unit order to (B, V / stride**2, C)."""
        return self.norm(convolve_unit_order(tokens, self.projection))


class PositionEncoding(nn.Module):
    """A depthwise convolution, added to what went in (PEG, arXiv 2102.10882)."""

    def __init__(self, dim: int):
        super().__init__()
        self.proj = SparseDepthwiseConv2d(dim, POSITION_KERNEL)

    def forward(self, tokens: Tensor, where: DenseTokens | VisibleTokens) -> Tensor:
        """(B, h, w, C) or (B, V, C) in, the same out."""
        return tokens + where.convolve(tokens, self.proj)
