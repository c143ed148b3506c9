"""Hiera: the official code's, timm's, Hugging Face's and SAM 2's checkpoints."""

from __future__ import annotations

import re

from torch import Tensor

from mmgreen.checkpoints import hiera_positions
from mmgreen.checkpoints.decoder import MAE_DECODER, OUR_DECODER
from mmgreen.checkpoints.tables import Family, Format, Pairs, Resized, StateDict

__all__ = ['HIERA']

_BLOCK = (
    'norm1.{p}',
    'attn.qkv.{p}',
    'attn.proj.{p}',
    'norm2.{p}',
    'mlp.fc1.{p}',
    'mlp.fc2.{p}',
    'proj.{p}',
)
_STEM = (
    'patch_embed.proj.{p}',
    'pos_embed',
    'pos_embed_spatial',
    'pos_embed_temporal',
    'pos_embed_window',
)
# Our names are the official ones; a detector may add norms.
_OFFICIAL: Pairs = tuple(
    (name, name) for name in (*_STEM, *(f'blocks.{{i}}.{name}' for name in _BLOCK), 'norm{i}.{p}')
)
_SAM_2: Pairs = (
    ('blocks.{i}.mlp.layers.0.{p}', 'blocks.{i}.mlp.fc1.{p}'),
    ('blocks.{i}.mlp.layers.1.{p}', 'blocks.{i}.mlp.fc2.{p}'),
    *((name, name) for name, _ in _OFFICIAL if '.mlp.' not in name),
)
# Hugging Face numbers blocks stage by stage; _to_ours counts them through.
_HUGGING_FACE: Pairs = (
    ('embeddings.patch_embeddings.projection.{p}', 'patch_embed.proj.{p}'),
    ('embeddings.position_embeddings', 'pos_embed'),
    *(
        (
            'encoder.stages.{i}.layers.{j}.'
            + name.replace('norm1', 'layernorm_before').replace('norm2', 'layernorm_after'),
            f'blocks.{{i}}.{{j}}.{name}',
        )
        for name in _BLOCK
    ),
)
_STAGE_AND_BLOCK = re.compile(r'blocks\.(\d+)\.(\d+)\.(.*)')

_FUSION: Pairs = (
    ('multi_scale_fusion_heads.{i}.{p}', 'neck.fusion.convs.{i}.{p}'),
    ('encoder_norm.{p}', 'neck.fusion.norm.{p}'),
)
_OUR_FUSION: Pairs = tuple((ours, ours) for _, ours in _FUSION)
_HUGGING_FACE_DECODER: Pairs = (
    ('multiscale_fusion.multi_scale_fusion_heads.{i}.{p}', 'neck.fusion.convs.{i}.{p}'),
    ('encoder_norm.{p}', 'neck.fusion.norm.{p}'),
    ('decoder.decoder_embeddings.{p}', 'neck.embed.{p}'),
    ('decoder.mask_token', 'neck.mask_token'),
    ('decoder.decoder_position_embeddings', 'neck.pos_embed'),
    ('decoder.decoder_block.layers.{i}.layernorm_before.{p}', 'neck.blocks.{i}.norm1.{p}'),
    ('decoder.decoder_block.layers.{i}.attn.qkv.{p}', 'neck.blocks.{i}.attn.qkv.{p}'),
    ('decoder.decoder_block.layers.{i}.attn.proj.{p}', 'neck.blocks.{i}.attn.proj.{p}'),
    ('decoder.decoder_block.layers.{i}.layernorm_after.{p}', 'neck.blocks.{i}.norm2.{p}'),
    ('decoder.decoder_block.layers.{i}.mlp.fc1.{p}', 'neck.blocks.{i}.mlp.fc1.{p}'),
    ('decoder.decoder_block.layers.{i}.mlp.fc2.{p}', 'neck.blocks.{i}.mlp.fc2.{p}'),
    ('decoder.decoder_norm.{p}', 'neck.norm.{p}'),
    ('decoder.decoder_pred.{p}', 'neck.pred.{p}'),
)
_OUR_CLASSIFIER: Pairs = (('neck.norm.{p}', 'neck.norm.{p}'), ('head.fc.{p}', 'head.fc.{p}'))

_ANCHOR = 'blocks.0.attn.qkv.weight'
# Where the width doubles; ViTs, whose names are alike, have none.
_WIDENS = ('blocks.{i}.proj.weight',)

_FORMATS = (
    Format(
        name='hiera_mae',
        title='official Hiera MAE',
        encoder=_OFFICIAL,
        anchor=_ANCHOR,
        signs=('decoder_pred.weight', 'multi_scale_fusion_heads.0.weight'),
        one_of=_WIDENS,
        beside=(*MAE_DECODER, *_FUSION),
    ),
    Format(
        name='sam2',
        title='SAM 2',
        encoder=_SAM_2,
        anchor='blocks.0.mlp.layers.0.weight',
        signs=('pos_embed_window',),
        one_of=_WIDENS,
    ),
    Format(
        name='timm_hiera',
        title='timm Hiera',
        encoder=_OFFICIAL,
        anchor=_ANCHOR,
        signs=('head.norm.weight',),
        one_of=_WIDENS,
        beside=(('head.norm.{p}', 'neck.norm.{p}'), ('head.fc.{p}', 'head.fc.{p}')),
    ),
    Format(
        name='huggingface_hiera_mae',
        title='Hugging Face Hiera MAE',
        encoder=_HUGGING_FACE,
        anchor='encoder.stages.0.layers.0.attn.qkv.weight',
        at='hiera.',
        signs=('decoder.decoder_pred.weight',),
        beside=_HUGGING_FACE_DECODER,
    ),
    Format(
        name='huggingface_hiera',
        title='Hugging Face Hiera',
        encoder=_HUGGING_FACE,
        anchor='encoder.stages.0.layers.0.attn.qkv.weight',
        at='hiera.',
        beside=(
            ('hiera.pooler.layernorm.{p}', 'neck.norm.{p}'),
            ('classifier.{p}', 'head.fc.{p}'),
        ),
    ),
    Format(
        name='mmgreen_hiera_mae',
        title='mmgreen pretraining',
        encoder=_OFFICIAL,
        anchor=_ANCHOR,
        at='backbone.',
        signs=('neck.mask_token', 'neck.pred.weight'),
        one_of=_WIDENS,
        beside=(*OUR_DECODER, *_OUR_FUSION),
        not_ours=('head.hog.{rest}',),  # fixed filters of the target
    ),
    Format(
        name='mmgreen_hiera',
        title='mmgreen model',
        encoder=_OFFICIAL,
        anchor=_ANCHOR,
        at='backbone.',
        signs=('backbone.patch_embed.proj.weight',),
        one_of=_WIDENS,
        beside=_OUR_CLASSIFIER,
        whole_model=True,
    ),
    Format(
        name='hiera',
        title='official Hiera',
        encoder=_OFFICIAL,
        anchor=_ANCHOR,
        signs=('patch_embed.proj.weight',),
        one_of=_WIDENS,
        beside=(('norm.{p}', 'neck.norm.{p}'), ('head.projection.{p}', 'head.fc.{p}')),
    ),
)


def _to_ours(state_dict: StateDict, _: str | None) -> dict[str, Tensor]:
    """Blocks counted over all stages."""
    places = {name: _STAGE_AND_BLOCK.fullmatch(name) for name in state_dict}
    depths: dict[int, int] = {}
    for found in filter(None, places.values()):
        stage, block = int(found[1]), int(found[2])
        depths[stage] = max(depths.get(stage, 0), block + 1)
    starts = {stage: sum(depths[lower] for lower in depths if lower < stage) for stage in depths}
    return {
        f'blocks.{starts[int(found[1])] + int(found[2])}.{found[3]}' if found else name: tensor
        for (name, tensor), found in zip(state_dict.items(), places.values(), strict=True)
    }


def _resize(source: StateDict, target: StateDict) -> dict[str, Resized]:
    """Position tables at the module's size and of its kind."""
    return hiera_positions.fit_tables(source, target)


def _describe(state_dict: StateDict) -> str | None:
    """The sizes of a Hiera: 'embed_dims 96, depths [2, 3, 16, 3]'."""
    stem = state_dict.get('patch_embed.proj.weight')
    widths = {
        int(name.split('.')[1]): tensor.shape[0]
        for name, tensor in state_dict.items()
        if name.startswith('blocks.') and name.endswith('.attn.proj.weight')
    }
    if stem is None or not widths or len(set(widths.values())) == 1:
        return None
    depths = [list(widths.values()).count(width) for width in sorted(set(widths.values()))]
    kind = ', for clips' if stem.dim() == 5 else ''
    return f'embed_dims {stem.shape[0]}, depths {depths}{kind}'


HIERA = Family(
    name='Hiera',
    formats=_FORMATS,
    describe=_describe,
    resize=_resize,
    to_ours=_to_ours,
    # Norms that a detector may have; and a window's table that was added to the image's.
    optional=('norm0.{p}', 'norm1.{p}', 'norm2.{p}', 'norm3.{p}', 'pos_embed_window'),
    strangers=(('pos_embed_win', "timm's abs-win Hiera"),),
)
