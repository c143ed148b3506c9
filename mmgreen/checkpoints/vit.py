"""Plain ViTs for ViTDet: MAE's official checkpoints, timm's, and OpenMMLab's."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from mmgreen.checkpoints.tables import Family, Format, Pairs, Resized, StateDict, matches
from mmgreen.ops.positions import interpolate_table

__all__ = ['VIT']

_REL_POS = ('layers.{i}.attn.rel_pos_h', 'layers.{i}.attn.rel_pos_w')
_OPENMMLAB: Pairs = tuple(
    (name, name)
    for name in (
        'pos_embed',
        'patch_embed.projection.{p}',
        'layers.{i}.ln1.{p}',
        'layers.{i}.attn.qkv.{p}',
        'layers.{i}.attn.proj.{p}',
        'layers.{i}.ln2.{p}',
        'layers.{i}.ffn.layers.0.0.{p}',
        'layers.{i}.ffn.layers.1.{p}',
        *_REL_POS,
    )
)
_OFFICIAL: Pairs = (
    ('pos_embed', 'pos_embed'),
    ('patch_embed.proj.{p}', 'patch_embed.projection.{p}'),
    ('blocks.{i}.norm1.{p}', 'layers.{i}.ln1.{p}'),
    ('blocks.{i}.attn.qkv.{p}', 'layers.{i}.attn.qkv.{p}'),
    ('blocks.{i}.attn.proj.{p}', 'layers.{i}.attn.proj.{p}'),
    ('blocks.{i}.norm2.{p}', 'layers.{i}.ln2.{p}'),
    ('blocks.{i}.mlp.fc1.{p}', 'layers.{i}.ffn.layers.0.0.{p}'),
    ('blocks.{i}.mlp.fc2.{p}', 'layers.{i}.ffn.layers.1.{p}'),
)
_OURS = 'layers.0.attn.qkv.weight'

_FORMATS = (
    Format(
        name='mae',
        title='official MAE or timm ViT',
        encoder=_OFFICIAL,
        anchor='blocks.0.attn.qkv.weight',
        signs=('cls_token', 'patch_embed.proj.weight'),
        # A detector has no use for the class token, the last norm, the decoder and the classifier.
        not_ours=(
            'cls_token', 'mask_token', 'norm.{p}', 'fc_norm.{p}', 'head.{p}', 'decoder_{rest}',
        ),
    ),
    Format(
        name='openmmlab_vit',
        title='OpenMMLab or mmgreen model',
        encoder=_OPENMMLAB,
        anchor=_OURS,
        at='backbone.',
        signs=('backbone.patch_embed.projection.weight', 'backbone.pos_embed'),
        not_ours=('backbone.cls_token', 'backbone.ln1.{p}', 'backbone.channel_reduction.{rest}'),
        whole_model=True,
    ),
    Format(
        name='openmmlab_vit_backbone',
        title='OpenMMLab or mmgreen backbone',
        encoder=_OPENMMLAB,
        anchor=_OURS,
        signs=('patch_embed.projection.weight', 'pos_embed'),
        not_ours=('cls_token', 'ln1.{p}', 'channel_reduction.{rest}'),
    ),
)  # fmt: skip


def _to_ours(state_dict: StateDict, _: str | None) -> dict[str, Tensor]:
    """The position table as a map, without the class token's."""
    table = state_dict.get('pos_embed')
    if table is None or table.dim() == 4:
        return dict(state_dict)
    side = math.isqrt(table.shape[1])
    return {**state_dict, 'pos_embed': table[:, -(side**2) :].unflatten(1, (side, side))}


def _resize(source: StateDict, target: StateDict) -> dict[str, Resized]:
    """The position table, bicubic, and relative positions, linear, at the module's sizes."""
    resized = {}
    for name, table in source.items():
        if name not in target or table.shape == target[name].shape:
            continue
        if name == 'pos_embed' and table.shape[-1] == target[name].shape[-1]:
            maps = interpolate_table(table.permute(0, 3, 1, 2).float(), target[name].shape[1:3])
            resized[name] = Resized(maps.permute(0, 2, 3, 1).to(table.dtype), 'interpolated')
        elif matches(name, _REL_POS) and table.shape[1] == target[name].shape[1]:
            rows = F.interpolate(table.T[None].float(), len(target[name]), mode='linear')
            resized[name] = Resized(rows[0].T.to(table.dtype), 'interpolated')
    return resized


def _describe(state_dict: StateDict) -> str | None:
    """The sizes of a ViT: 'embed_dims 768, 12 layers'."""
    stem = state_dict.get('patch_embed.projection.weight')
    layers = sum(matches(name, ('layers.{i}.ln1.weight',)) for name in state_dict)
    return f'embed_dims {stem.shape[0]}, {layers} layers' if stem is not None and layers else None


VIT = Family(
    name='ViT',
    formats=_FORMATS,
    describe=_describe,
    resize=_resize,
    to_ours=_to_ours,
    optional=_REL_POS,  # pretraining has none; they start at 0
)
