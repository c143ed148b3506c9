"""Swin transformer (arXiv 2103.14030) that runs on whole images or on visible tokens only.

Names of parameters and buffers are those of mmpretrain's and mmdet's SwinTransformer.

Letters in shapes: B images, H W pixels, h w rows and columns of tokens, C channels, U mask units,
V visible tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmgreen.errors import InputError
from mmgreen.nets.attention import (
    DenseWindows,
    ShiftedWindowAttention,
    VisibleGroups,
    fit_window,
)
from mmgreen.nets.contract import VisibleEncoder
from mmgreen.nets.layers import (
    DropPath,
    FeedForward,
    drop_path_rates,
    read_arch,
    read_out_indices,
    reset_transformer_weights,
    run_block,
)
from mmgreen.ops.choices import image_of_tokens
from mmgreen.ops.grouping import GroupPlan, plan_groups
from mmgreen.ops.layout import coarser_coords, cut_patches, unit_coords, z_order
from mmgreen.ops.masking import UNIT_SIZE, unit_indices

SWIN_ARCHS = {
    'tiny': dict(embed_dims=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24]),
    'small': dict(embed_dims=96, depths=[2, 2, 18, 2], num_heads=[3, 6, 12, 24]),
    'base': dict(embed_dims=128, depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32]),
    'large': dict(embed_dims=192, depths=[2, 2, 18, 2], num_heads=[6, 12, 24, 48]),
}
PATCH_SIZE = 4


class SwinPatchEmbed(nn.Module):
    """Pixels of 4x4 patches to tokens, by a convolution whose kernel equals its stride."""

    def __init__(self, in_channels: int, dim: int, norm_eps: float):
        super().__init__()
        self.projection = nn.Conv2d(in_channels, dim, PATCH_SIZE, PATCH_SIZE)
        self.norm = nn.LayerNorm(dim, eps=norm_eps)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) of any size, zero-padded to whole patches, to (B, h, w, C)."""
        height, width = images.shape[-2:]
        images = F.pad(images, (0, -width % PATCH_SIZE, 0, -height % PATCH_SIZE))
        return self.norm(self.projection(images).permute(0, 2, 3, 1))

    def forward_patches(self, patches: Tensor) -> Tensor:
        """(B, V, C, 4, 4) to (B, V, C)."""
        weight = self.projection.weight.flatten(1)
        return self.norm(F.linear(patches.flatten(2), weight, self.projection.bias))


class SwinBlock(nn.Module):
    """Window attention and an MLP, each behind a norm and added to what went in."""

    def __init__(self, dim: int, num_heads: int, window: int, drop_path: float, norm_eps: float):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = ShiftedWindowAttention(dim, num_heads, window)
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.ffn = FeedForward(dim, 4 * dim)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, windows: DenseWindows | VisibleGroups) -> Tensor:
        """(B, h, w, C) or (B, V, C) in, the same out."""
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens), windows))
        return tokens + self.drop_path(self.ffn(self.norm2(tokens)))


class PatchMerging(nn.Module):
    """Each 2x2 neighbourhood to one token of twice the channels.

    The 4C inputs are ordered channel by channel, each with its places (0,0), (0,1), (1,0), (1,1) by
    (row, column), as in OpenMMLab (the original goes place by place, columns first).
    """

    def __init__(self, dim: int, norm_eps: float):
        super().__init__()
        self.norm = nn.LayerNorm(4 * dim, eps=norm_eps)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, h, w, C), zero-padded to even sides, to (B, h / 2, w / 2, 2C)."""
        height, width = tokens.shape[1:3]
        tokens = F.pad(tokens, (0, 0, 0, width % 2, 0, height % 2))
        places = tokens.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).permute(0, 1, 3, 5, 2, 4)
        return self.reduction(self.norm(places.flatten(3)))

    def forward_visible(self, tokens: Tensor) -> Tensor:
        """(B, V, C) in unit order to (B, V / 4, 2C)."""
        places = tokens.unflatten(1, (-1, 4)).transpose(2, 3)
        return self.reduction(self.norm(places.flatten(2)))


Windows = tuple[DenseWindows, ...] | tuple[VisibleGroups, ...]
"""A stage's plain windows and, where its map is not too small for them, its shifted ones."""


class SwinStage(nn.Module):
    """Blocks at one resolution, windows plain and shifted in turn, then patch merging."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window: int,
        drop_paths: list[float],
        norm_eps: float,
        merges: bool,
        with_cp: bool,
    ):
        super().__init__()
        self.with_cp = with_cp
        self.blocks = nn.ModuleList(
            SwinBlock(dim, num_heads, window, drop_path, norm_eps) for drop_path in drop_paths
        )
        self.downsample = PatchMerging(dim, norm_eps) if merges else None

    def forward(self, tokens: Tensor, windows: Windows) -> Tensor:
        """The blocks alone: (B, h, w, C) or (B, V, C) in, the same out."""
        for i, block in enumerate(self.blocks):
            tokens = run_block(block, tokens, windows[i % len(windows)], with_cp=self.with_cp)
        return tokens


class VisiblePlan(NamedTuple):
    """All that ``masked`` decides about a forward pass, made on the CPU before it."""

    units: Tensor
    """(n,) or (B, n) int64: the visible units, raster order."""
    stages: tuple[tuple[GroupPlan, ...], ...]
    """Per stage the groups of its plain windows and, where it has any, of its shifted ones: of one
    image, which serve all, or of the windows of the whole batch."""

    def to(self, device: torch.device) -> VisiblePlan:
        """The same plan on ``device``, without waiting for it."""
        stages = tuple(tuple(plan.to(device) for plan in plans) for plans in self.stages)
        return VisiblePlan(self.units.to(device, non_blocking=True), stages)


def plan_visible(masked: Tensor, grid: tuple[int, int], window_size: int) -> VisiblePlan:
    """The groups of every stage, planned on the CPU.

    Args:
        masked: (U,) bool on the CPU, True = hidden, or (B, U), one row per image; groups then pack
            windows of the whole batch.
        grid: rows and columns of units.
        window_size: tokens a side of a window.
    """
    units, side = unit_indices(~masked), UNIT_SIZE // PATCH_SIZE
    coords = unit_coords(units.flatten(), grid[1], z_order(side))
    image = image_of_tokens(units, side**2)
    stages = []
    for i in range(4):
        if i:
            coords, side = coarser_coords(coords), side // 2
            image = None if image is None else image[::4]
        window, shifts = fit_window(
            (grid[0] * side, grid[1] * side), window_size, pad_small_map=False
        )
        stages.append(tuple(plan_groups(coords, window, shift, image) for shift in shifts))
    return VisiblePlan(units, tuple(stages))


class SwinEncoder(VisibleEncoder):
    """Swin transformer for whole images, and for the visible tokens of masked ones.

    :meth:`forward` is Swin; :meth:`forward_visible` is GreenMIM's encoder (arXiv 2205.13515).

    Args:
        arch: 'tiny', 'small', 'base', 'large', or a dict of ``embed_dims`` (int), ``depths`` and
            ``num_heads`` (four ints each).
        img_size: the usual size of images in pixels; only recorded, any size is taken.
        in_channels: channels of the images.
        window_size: tokens a side of a window.
        drop_path_rate: stochastic depth of the last block; earlier ones have proportionally less.
        out_indices: stages whose maps :meth:`forward` returns, each after a norm of its own.
        norm_eps: of every LayerNorm; OpenMMLab's is 1e-5, the official GreenMIM's 1e-6.
        with_cp: recompute blocks in the backward pass: less memory, more time.
        pad_small_map: what happens to maps no larger than a window in :meth:`forward`, see
            :func:`mmgreen.nets.attention.fit_window`. False is mmpretrain's default and the
            original's rule, True is mmdet's.
        mask_padding: whether :meth:`forward` keeps what pads a map to whole windows out of
            attention. False is the original's rule. True, with ``pad_small_map=False``, is what
            :meth:`forward_visible` computes, so that a pretrained net goes on at any size as it was
            pretrained. It matters for small images: at 160 px half of the last windows is padding.
    """

    plan_grows_with_batch = True

    def __init__(
        self,
        arch: str | dict = 'tiny',
        img_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        window_size: int = 7,
        drop_path_rate: float = 0.1,
        out_indices: tuple[int, ...] = (3,),
        norm_eps: float = 1e-5,
        with_cp: bool = False,
        pad_small_map: bool = False,
        mask_padding: bool = False,
    ):
        super().__init__()
        sizes = read_arch(arch, SWIN_ARCHS)
        self.embed_dims, self.depths, self.num_heads = (
            sizes[key] for key in ('embed_dims', 'depths', 'num_heads')
        )
        self.img_size = img_size
        self.window_size = window_size
        self.pad_small_map = pad_small_map
        self.mask_padding = mask_padding
        self.out_indices = read_out_indices(out_indices)
        dims = [self.embed_dims * 2**i for i in range(4)]
        self.out_channels = tuple(dims[i] for i in self.out_indices)
        self.patch_embed = SwinPatchEmbed(in_channels, self.embed_dims, norm_eps)
        drop_paths = iter(drop_path_rates(drop_path_rate, sum(self.depths)))
        self.stages = nn.ModuleList(
            SwinStage(
                dims[i],
                self.num_heads[i],
                window_size,
                [next(drop_paths) for _ in range(self.depths[i])],
                norm_eps,
                merges=i < 3,
                with_cp=with_cp,
            )
            for i in range(4)
        )
        for i in self.out_indices:
            self.add_module(f'norm{i}', nn.LayerNorm(dims[i], eps=norm_eps))
        reset_transformer_weights(self)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of whole images.

        Args:
            images: (B, C, H, W), any size.

        Returns:
            One (B, C_s, ceil(H / stride_s), ceil(W / stride_s)) for each of ``out_indices``;
            strides are 4, 8, 16, 32.
        """
        tokens = self.patch_embed(images)
        maps = []
        for i, stage in enumerate(self.stages):
            tokens = stage(tokens, self._dense_windows(tuple(tokens.shape[1:3]), tokens.device))
            if i in self.out_indices:
                maps.append(getattr(self, f'norm{i}')(tokens).permute(0, 3, 1, 2).contiguous())
            if stage.downsample is not None:
                tokens = stage.downsample(tokens)
        return tuple(maps)

    def _dense_windows(self, size: tuple[int, int], device: torch.device) -> Windows:
        window, shifts = fit_window(size, self.window_size, self.pad_small_map)
        return tuple(
            DenseWindows.over(size, window, shift, self.window_size, device, self.mask_padding)
            for shift in shifts
        )

    def plan_visible(self, masked: Tensor, grid: tuple[int, int]) -> VisiblePlan:
        """:func:`plan_visible` with this net's windows."""
        return plan_visible(masked, grid, self.window_size)

    def encode_visible(self, images: Tensor, plan: VisiblePlan) -> tuple[Tensor, ...]:
        """See :meth:`VisibleEncoder.encode_visible`.

        Equal to a Swin in which hidden tokens, and positions that only padding creates, take no
        part in attention; windows follow the rule of ``pad_small_map=False``.

        Returns:
            Four of (B, V_s, C_s); the last after ``norm3``, the others without a norm.

        Raises:
            ValueError: if ``out_indices`` lacks 3, so that there is no ``norm3``.
        """
        if 3 not in self.out_indices:
            raise InputError(
                'forward_visible needs the norm of the last stage: out_indices must contain 3, '
                f'but is {self.out_indices}.'
            )
        patches = cut_patches(images, plan.units, UNIT_SIZE, PATCH_SIZE)
        tokens = self.patch_embed.forward_patches(patches)
        stages = []
        for stage, plans in zip(self.stages, plan.stages, strict=True):
            groups = tuple(VisibleGroups.of(each, self.window_size) for each in plans)
            tokens = stage(tokens, groups)
            stages.append(tokens)
            if stage.downsample is not None:
                tokens = stage.downsample.forward_visible(tokens)
        return (*stages[:3], self.norm3(stages[3]))
