"""Twins-SVT and Twins-PCPVT: the official code's, timm's and OpenMMLab's checkpoints."""

from __future__ import annotations

from mmgreen.checkpoints.decoder import OUR_DECODER
from mmgreen.checkpoints.tables import Family, Format, Pairs, StateDict, matches

__all__ = ['TWINS']

_SHARED = (
    'norm1.{p}',
    'norm2.{p}',
    *(f'attn.{name}.{{p}}' for name in ('qkv', 'q', 'kv', 'proj', 'sr', 'norm')),
)
_MLP = (('mlp.fc1.{p}', 'ffn.layers.0.0.{p}'), ('mlp.fc2.{p}', 'ffn.layers.1.{p}'))
_BLOCK: Pairs = (*((name, name) for name in _SHARED), *_MLP)
_OFFICIAL: Pairs = (
    ('patch_embeds.{i}.proj.{p}', 'patch_embeds.{i}.projection.{p}'),
    ('patch_embeds.{i}.norm.{p}', 'patch_embeds.{i}.norm.{p}'),
    *((f'blocks.{{i}}.{{j}}.{theirs}', f'stages.{{i}}.{{j}}.{ours}') for theirs, ours in _BLOCK),
    ('pos_block.{i}.proj.0.{p}', 'position_encodings.{i}.proj.{p}'),
    ('norm.{p}', 'norm_after_stage3.{p}'),
)
_OPENMMLAB: Pairs = (
    *((ours, ours) for _, ours in _OFFICIAL[:-1]),
    ('norm_after_stage{i}.{p}', 'norm_after_stage{i}.{p}'),
)
_ANCHOR = 'position_encodings.0.proj.weight'
_CLASSIFIER: Pairs = (('head.fc.{p}', 'head.fc.{p}'),)

_FORMATS = (
    Format(
        name='mmgreen_twins_mae',
        title='mmgreen pretraining',
        encoder=_OPENMMLAB,
        anchor=_ANCHOR,
        at='backbone.',
        signs=('neck.mask_token', 'neck.pred.weight'),
        beside=OUR_DECODER,
    ),
    Format(
        name='openmmlab_twins',
        title='OpenMMLab or mmgreen model',
        encoder=_OPENMMLAB,
        anchor=_ANCHOR,
        at='backbone.',
        signs=('backbone.patch_embeds.0.projection.weight',),
        beside=_CLASSIFIER,
        whole_model=True,
    ),
    Format(
        name='openmmlab_twins_backbone',
        title='OpenMMLab or mmgreen backbone',
        encoder=_OPENMMLAB,
        anchor=_ANCHOR,
    ),
    Format(
        name='twins',
        title='official or timm Twins',
        encoder=_OFFICIAL,
        anchor='pos_block.0.proj.0.weight',
        signs=('patch_embeds.0.proj.weight',),
        never=('decoder_pred.weight',),
        beside=(('head.{p}', 'head.fc.{p}'),),
    ),
)


def _describe(state_dict: StateDict) -> str | None:
    """The sizes of a Twins: 'windows, embed_dims [64, ...], depths [2, 2, 10, 4]'."""
    stems = [name for name in state_dict if matches(name, ('patch_embeds.{i}.projection.weight',))]
    places = {
        tuple(map(int, name.split('.')[1:3]))
        for name in state_dict
        if matches(name, ('stages.{i}.{j}.norm1.weight',))
    }
    if not stems or not places:
        return None
    widths = [state_dict[name].shape[0] for name in sorted(stems)]
    depths = [sum(stage == i for stage, _ in places) for i in range(len(widths))]
    has_windows = any(matches(name, ('stages.{i}.{j}.attn.qkv.weight',)) for name in state_dict)
    kind = 'SVT' if has_windows else 'PCPVT'
    return f'{kind} blocks, embed_dims {widths}, depths {depths}'


TWINS = Family(
    name='Twins',
    formats=_FORMATS,
    describe=_describe,
    optional=('norm_after_stage{i}.{p}',),
    strangers=(('pos_block.', "GreenMIM's Twins, whose position encoding lacks its residual and"),),
)
