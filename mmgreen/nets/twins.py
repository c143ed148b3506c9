"""Twins (arXiv 2104.13840) that runs on whole images or on visible tokens only.

SVT has locally grouped and sub-sampled attention in turn, PCPVT sub-sampled attention alone. Names
of parameters are those of mmpretrain's SVT and PCPVT.

Letters in shapes: B images, H W pixels, h w rows and columns of tokens, C channels, U mask units,
V visible tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmgreen.errors import InputError
from mmgreen.nets.contract import VisibleEncoder
from mmgreen.nets.layers import (
    drop_path_rates,
    read_arch,
    read_out_indices,
    reset_transformer_weights,
    run_block,
)
from mmgreen.nets.twins_layers import (
    POSITION_KERNEL,
    DenseTokens,
    LocallyGroupedAttention,
    PositionEncoding,
    StagePlan,
    SubsampledAttention,
    TwinsBlock,
    TwinsPatchEmbed,
    VisibleTokens,
)
from mmgreen.ops.choices import is_shared
from mmgreen.ops.grouping import plan_groups
from mmgreen.ops.layout import coarser_coords, cut_patches, unit_coords, z_order
from mmgreen.ops.masking import UNIT_SIZE, unit_indices
from mmgreen.ops.tiles import cut_tiles

_SIZES = dict(patch_sizes=[4, 2, 2, 2], strides=[4, 2, 2, 2], sr_ratios=[8, 4, 2, 1])
_SVT = dict(mlp_ratios=[4, 4, 4, 4], window_sizes=[7, 7, 7, 7], **_SIZES)
_PCPVT = dict(
    embed_dims=[64, 128, 320, 512], num_heads=[1, 2, 5, 8], mlp_ratios=[8, 8, 4, 4], **_SIZES
)
SVT_ARCHS = {
    'svt_small': dict(
        embed_dims=[64, 128, 256, 512], depths=[2, 2, 10, 4], num_heads=[2, 4, 8, 16], **_SVT
    ),
    'svt_base': dict(
        embed_dims=[96, 192, 384, 768], depths=[2, 2, 18, 2], num_heads=[3, 6, 12, 24], **_SVT
    ),
    'svt_large': dict(
        embed_dims=[128, 256, 512, 1024], depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32], **_SVT
    ),
}
PCPVT_ARCHS = {
    'pcpvt_small': dict(depths=[3, 4, 6, 3], **_PCPVT),
    'pcpvt_base': dict(depths=[3, 4, 18, 3], **_PCPVT),
    'pcpvt_large': dict(depths=[3, 8, 27, 3], **_PCPVT),
}


class TwinsPlan(NamedTuple):
    """All that ``masked`` decides about a forward pass, made on the CPU before it."""

    units: Tensor
    """(n,) int64: the visible units, raster order."""
    stages: tuple[StagePlan, ...]

    def to(self, device: torch.device) -> TwinsPlan:
        """The same plan on ``device``, without waiting for it."""
        stages = tuple(
            StagePlan(
                None if stage.groups is None else stage.groups.to(device), stage.tiles.to(device)
            )
            for stage in self.stages
        )
        return TwinsPlan(self.units.to(device, non_blocking=True), stages)


class TwinsEncoder(VisibleEncoder):
    """Twins for whole images, and for the visible tokens of masked ones.

    Args:
        arch: 'svt_small', 'svt_base', 'svt_large', 'pcpvt_small', 'pcpvt_base', 'pcpvt_large', or a
            dict with mmpretrain's keys, four ints each: ``embed_dims``, ``depths``, ``num_heads``,
            ``patch_sizes``, ``strides``, ``mlp_ratios``, ``sr_ratios``, for SVT ``window_sizes``.
        img_size: the usual size of images in pixels; only recorded, any size is taken.
        in_channels: channels of the images.
        drop_path_rate: stochastic depth of the last block; earlier ones have proportionally less.
        out_indices: stages whose maps :meth:`forward` returns.
        qkv_bias: whether queries, keys and values have a bias.
        norm_after_stage: whether each stage ends with a norm, which the next one receives too; one
            value for all, or four.
        norm_eps: of every LayerNorm but those of the patch embeddings, which have 1e-5.
        with_cp: recompute blocks in the backward pass: less memory, more time.

    Raises:
        ValueError: if ``arch`` is unknown or no such dict, or ``norm_after_stage`` does not fit.
    """

    def __init__(
        self,
        arch: str | dict = 'svt_base',
        img_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: Sequence[int] = (3,),
        qkv_bias: bool = False,
        norm_after_stage: bool | Sequence[bool] = False,
        norm_eps: float = 1e-5,
        with_cp: bool = False,
    ):
        super().__init__()
        sizes = _read_arch(arch)
        if isinstance(norm_after_stage, bool):
            norm_after_stage = (norm_after_stage,) * 4
        if len(norm_after_stage) != 4:
            raise InputError(f'norm_after_stage must be one or four, not {norm_after_stage}.')
        self.img_size = img_size
        self.with_cp = with_cp
        self.out_indices = read_out_indices(out_indices)
        self.depths, self.strides, dims = sizes['depths'], sizes['strides'], sizes['embed_dims']
        self.patch_sizes, self.sr_ratios = sizes['patch_sizes'], sizes['sr_ratios']
        self.window_sizes = sizes.get('window_sizes', [0] * 4)
        self.out_channels = tuple(dims[i] for i in self.out_indices)
        self.patch_embeds = nn.ModuleList(
            TwinsPatchEmbed(before, dim, patch, stride)
            for before, dim, patch, stride in zip(
                [in_channels, *dims], dims, self.patch_sizes, self.strides, strict=False
            )
        )
        self.stages = nn.ModuleList()
        drop_paths = iter(drop_path_rates(drop_path_rate, sum(self.depths)))
        for i, dim in enumerate(dims):
            heads, ratio = sizes['num_heads'][i], sizes['sr_ratios'][i]
            self.stages.append(
                nn.ModuleList(
                    TwinsBlock(
                        dim,
                        LocallyGroupedAttention(dim, heads, qkv_bias)
                        if self.window_sizes[i] and place % 2 == 0
                        else SubsampledAttention(dim, heads, qkv_bias, ratio, norm_eps),
                        sizes['mlp_ratios'][i],
                        next(drop_paths),
                        norm_eps,
                    )
                    for place in range(self.depths[i])
                )
            )
        self.position_encodings = nn.ModuleList(PositionEncoding(dim) for dim in dims)
        for i, (dim, has_norm) in enumerate(zip(dims, norm_after_stage, strict=True)):
            norm = nn.LayerNorm(dim, eps=norm_eps) if has_norm else nn.Identity()
            self.add_module(f'norm_after_stage{i}', norm)
        reset_transformer_weights(self)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of whole images.

        Args:
            images: (B, C, H, W), any size.

        Returns:
            One (B, C_s, ceil(H / stride_s), ceil(W / stride_s)) for each of ``out_indices``;
            strides are 4, 8, 16, 32.
        """
        maps, results = images, []
        for i, window in enumerate(self.window_sizes):
            tokens = self.patch_embeds[i](maps)
            where = DenseTokens.over(tuple(tokens.shape[1:3]), window, tokens.device)
            maps = self._run(i, tokens, where).permute(0, 3, 1, 2)
            if i in self.out_indices:
                results.append(maps.contiguous())
        return tuple(results)

    def _run(self, stage: int, tokens: Tensor, where: DenseTokens | VisibleTokens) -> Tensor:
        """The blocks of a stage, with the position encoding after the first, and its norm."""
        for place, block in enumerate(self.stages[stage]):
            tokens = run_block(block, tokens, where, with_cp=self.with_cp)
            if place == 0:
                tokens = self.position_encodings[stage](tokens, where)
        return getattr(self, f'norm_after_stage{stage}')(tokens)

    def plan_visible(self, masked: Tensor, grid: tuple[int, int]) -> TwinsPlan:
        """The groups and places of every stage, planned on the CPU.

        Args:
            masked: (U,) bool on the CPU, True = hidden.
            grid: rows and columns of units.

        Raises:
            ValueError: if each image has a mask of its own, or units are not whole numbers of
                tokens in some stage.
        """
        if not is_shared(masked):
            raise InputError(
                'GreenTwins takes one choice of hidden units for the whole batch, masked of shape '
                '(U,); set shared_mask=True, or take GreenSwin or Hiera.'
            )
        sides = self.unit_sides()
        units = unit_indices(~masked)
        coords = unit_coords(units, grid[1], z_order(sides[0]))
        stages = []
        for side, window in zip(sides, self.window_sizes, strict=True):
            while len(coords) > len(units) * side**2:
                coords = coarser_coords(coords)
            groups = plan_groups(coords, window, shift=0) if window else None
            stages.append(StagePlan(groups, cut_tiles(coords, side, POSITION_KERNEL // 2)))
        return TwinsPlan(units, tuple(stages))

    def unit_sides(self) -> list[int]:
        """Tokens a side of a unit in each stage.

        Raises:
            ValueError: if in some stage units are not whole numbers of tokens or of keys.
        """
        if self.patch_sizes != self.strides:
            raise InputError(
                f'forward_visible needs patches that do not overlap, and patch_sizes are '
                f'{self.patch_sizes} with strides {self.strides}.'
            )
        sides = []
        for i, ratio in enumerate(self.sr_ratios):
            pixels = prod(self.strides[: i + 1])
            side = UNIT_SIZE // pixels
            if UNIT_SIZE % pixels or side % ratio or side & (side - 1) or ratio & (ratio - 1):
                raise InputError(
                    f'Stage {i} has tokens of {pixels} px, of which sr_ratios[{i}]={ratio} takes '
                    f'{ratio}x{ratio} together; forward_visible needs powers of two that divide '
                    f'units of {UNIT_SIZE} px.'
                )
            sides.append(side)
        return sides

    def encode_visible(self, images: Tensor, plan: TwinsPlan) -> tuple[Tensor, ...]:
        """See :meth:`VisibleEncoder.encode_visible`.

        Equal to a Twins in which hidden tokens are no keys, and are 0 where a convolution looks at
        neighbours.

        Returns:
            Four of (B, V_s, C_s), the visible tokens after each stage, and its norm if it has one.
        """
        patches = cut_patches(images, plan.units, UNIT_SIZE, self.strides[0])
        tokens = self.patch_embeds[0].forward_patches(patches)
        stages = []
        for i, stage in enumerate(plan.stages):
            if i:
                tokens = self.patch_embeds[i].forward_visible(tokens)
            tokens = self._run(i, tokens, VisibleTokens.of(stage))
            stages.append(tokens)
        return tuple(stages)


def _read_arch(arch: str | dict) -> dict:
    """The sizes of SVT or PCPVT, by name or as a dict."""
    if isinstance(arch, str):
        return read_arch(arch, {**SVT_ARCHS, **PCPVT_ARCHS})
    return read_arch(arch, SVT_ARCHS if 'window_sizes' in arch else PCPVT_ARCHS)
