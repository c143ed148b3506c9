"""The decoder of masked image modelling: MAE's names and ours, and its position table."""

from __future__ import annotations

import math

from torch import Tensor

from mmgreen.checkpoints.tables import Pairs, StateDict, swap
from mmgreen.ops.positions import interpolate_table

__all__ = ['MAE_DECODER', 'OUR_DECODER', 'has_decoder', 'resize_positions']

# The names of MAE's decoder, which GreenMIM and others took over.
MAE_DECODER: Pairs = (
    ('decoder_embed.{p}', 'neck.embed.{p}'),
    ('mask_token', 'neck.mask_token'),
    ('decoder_pos_embed', 'neck.pos_embed'),
    ('decoder_blocks.{i}.norm1.{p}', 'neck.blocks.{i}.norm1.{p}'),
    ('decoder_blocks.{i}.attn.qkv.{p}', 'neck.blocks.{i}.attn.qkv.{p}'),
    ('decoder_blocks.{i}.attn.proj.{p}', 'neck.blocks.{i}.attn.proj.{p}'),
    ('decoder_blocks.{i}.norm2.{p}', 'neck.blocks.{i}.norm2.{p}'),
    ('decoder_blocks.{i}.mlp.fc1.{p}', 'neck.blocks.{i}.mlp.fc1.{p}'),
    ('decoder_blocks.{i}.mlp.fc2.{p}', 'neck.blocks.{i}.mlp.fc2.{p}'),
    ('decoder_norm.{p}', 'neck.norm.{p}'),
    ('decoder_pred.{p}', 'neck.pred.{p}'),
)

OUR_DECODER: Pairs = tuple((ours, ours) for ours, _ in swap(MAE_DECODER))


def has_decoder(state_dict: StateDict) -> bool:
    """Whether a state dict in our names holds the decoder of masked image modelling."""
    return 'neck.mask_token' in state_dict and 'neck.pred.weight' in state_dict


def resize_positions(table: Tensor, grid: tuple[int, int]) -> Tensor | None:
    """A learned position table for another grid of patches, bicubic, as MAE does it.

    Args:
        table: (1, P, D), raster order of a square grid.
        grid: rows and columns wanted.

    Returns:
        (1, rows * columns, D), or None if ``table`` is not that of a square grid.
    """
    side = math.isqrt(table.shape[1])
    if side**2 != table.shape[1]:
        return None
    maps = table.transpose(1, 2).unflatten(2, (side, side)).float()
    resized = interpolate_table(maps, grid)
    return resized.flatten(2).transpose(1, 2).to(table.dtype).contiguous()
