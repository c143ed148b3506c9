"""Swin transformers: Microsoft's, SimMIM's, GreenMIM's, timm's and OpenMMLab's checkpoints."""

from __future__ import annotations

from torch import Tensor

from mmgreen.checkpoints import bias_tables
from mmgreen.checkpoints.decoder import MAE_DECODER, OUR_DECODER
from mmgreen.checkpoints.tables import (
    MERGE_ORDERS,
    Family,
    Format,
    Pairs,
    Resized,
    StateDict,
    matches,
)

__all__ = ['SWIN']

_TABLE = 'stages.{i}.blocks.{j}.attn.w_msa.relative_position_bias_table'
_INDEX = 'stages.{i}.blocks.{j}.attn.w_msa.relative_position_index'
_MERGED = ('stages.{i}.downsample.norm.{p}', 'stages.{i}.downsample.reduction.weight')

_BLOCK: Pairs = (
    ('norm1.{p}', 'norm1.{p}'),
    ('attn.qkv.{p}', 'attn.w_msa.qkv.{p}'),
    ('attn.proj.{p}', 'attn.w_msa.proj.{p}'),
    ('attn.relative_position_bias_table', 'attn.w_msa.relative_position_bias_table'),
    ('attn.relative_position_index', 'attn.w_msa.relative_position_index'),
    ('norm2.{p}', 'norm2.{p}'),
    ('mlp.fc1.{p}', 'ffn.layers.0.0.{p}'),
    ('mlp.fc2.{p}', 'ffn.layers.1.{p}'),
)

_STEM_AND_BLOCKS: Pairs = (
    ('patch_embed.proj.{p}', 'patch_embed.projection.{p}'),
    ('patch_embed.norm.{p}', 'patch_embed.norm.{p}'),
    *(
        (f'layers.{{i}}.blocks.{{j}}.{theirs}', f'stages.{{i}}.blocks.{{j}}.{ours}')
        for theirs, ours in _BLOCK
    ),
)

_MICROSOFT: Pairs = (
    *_STEM_AND_BLOCKS,
    ('layers.{i}.downsample.norm.{p}', 'stages.{i}.downsample.norm.{p}'),
    ('layers.{i}.downsample.reduction.weight', 'stages.{i}.downsample.reduction.weight'),
    ('norm.{p}', 'norm3.{p}'),
)

# timm merges patches at the start of a stage, not at the end of the one before.
_TIMM: Pairs = (
    *_STEM_AND_BLOCKS,
    *(
        (f'layers.{i + 1}.downsample.{name}', f'stages.{i}.downsample.{name}')
        for i in range(3)
        for name in ('norm.{p}', 'reduction.weight')
    ),
    ('norm.{p}', 'norm3.{p}'),
)

_OPENMMLAB: Pairs = (
    ('patch_embed.projection.{p}', 'patch_embed.projection.{p}'),
    ('patch_embed.norm.{p}', 'patch_embed.norm.{p}'),
    *(2 * (f'stages.{{i}}.blocks.{{j}}.{ours}',) for _, ours in _BLOCK),
    *((name, name) for name in _MERGED),
    ('norm{i}.{p}', 'norm{i}.{p}'),
    ('norm.{p}', 'norm3.{p}'),  # mmcls before version 1
)

_MICROSOFT_ANCHOR = 'layers.0.blocks.0.attn.relative_position_bias_table'
_OPENMMLAB_ANCHOR = 'stages.0.blocks.0.attn.w_msa.relative_position_bias_table'
# Which tokens may attend to which: made anew for every size of map. The second is of old mmcls.
_ATTEND = 'layers.{i}.blocks.{j}.attn_mask'
_OLD_ATTEND = 'stages.{i}.blocks.{j}.attn.attn_mask'

_CLASSIFIER: Pairs = (('head.fc.{p}', 'head.fc.{p}'),)

_FORMATS = (
    Format(
        name='greenmim',
        title='official GreenMIM',
        encoder=_MICROSOFT,
        anchor=_MICROSOFT_ANCHOR,
        at='encoder.',
        signs=('decoder_pred.weight', 'decoder_pos_embed'),
        beside=MAE_DECODER,
        not_ours=(f'encoder.{_ATTEND}',),
        merge_order='row_first',
        merge_doubt=(
            'like the files that GreenMIM released; its code has been column_first since January '
            '2023, and in the wrong order two of every four neighbouring patches change places, so '
            'say merge_order=column_first for that code'
        ),
    ),
    Format(
        name='simmim',
        title='official SimMIM',
        encoder=_MICROSOFT,
        anchor=_MICROSOFT_ANCHOR,
        at='encoder.',
        signs=('encoder.mask_token',),
        not_ours=(f'encoder.{_ATTEND}', 'encoder.mask_token', 'decoder.0.{p}'),
        merge_order='column_first',
    ),
    Format(
        name='swin_detector',
        title='official Swin detector',
        encoder=(*_MICROSOFT, ('norm{i}.{p}', 'norm{i}.{p}')),
        anchor=_MICROSOFT_ANCHOR,
        at='backbone.',
        signs=('backbone.patch_embed.proj.weight',),
        not_ours=(f'backbone.{_ATTEND}',),
        whole_model=True,
        merge_order='column_first',
    ),
    Format(
        name='timm',
        title='timm Swin',
        encoder=_TIMM,
        anchor=_MICROSOFT_ANCHOR,
        signs=('layers.3.downsample.reduction.weight',),
        beside=_CLASSIFIER,
        not_ours=(_ATTEND,),
        merge_order='column_first',
    ),
    Format(
        name='swin',
        title='official Swin',
        encoder=_MICROSOFT,
        anchor=_MICROSOFT_ANCHOR,
        beside=(('head.{p}', 'head.fc.{p}'),),
        not_ours=(_ATTEND, 'mask_token'),
        merge_order='column_first',
    ),
    Format(
        name='mmgreen',
        title='mmgreen pretraining',
        encoder=_OPENMMLAB,
        anchor=_OPENMMLAB_ANCHOR,
        at='backbone.',
        signs=('neck.mask_token', 'neck.pred.weight'),
        beside=OUR_DECODER,
    ),
    Format(
        name='openmmlab_simmim',
        title="mmpretrain's SimMIM",
        encoder=_OPENMMLAB,
        anchor=_OPENMMLAB_ANCHOR,
        at='backbone.',
        signs=('backbone.mask_token',),
        not_ours=('backbone.mask_token', 'neck.decoder.0.{p}'),
    ),
    Format(
        name='openmmlab',
        title='OpenMMLab or mmgreen model',
        encoder=_OPENMMLAB,
        anchor=_OPENMMLAB_ANCHOR,
        at='backbone.',
        signs=('backbone.patch_embed.projection.weight',),
        beside=_CLASSIFIER,
        not_ours=(f'backbone.{_OLD_ATTEND}',),
        whole_model=True,
    ),
    Format(
        name='openmmlab_backbone',
        title='OpenMMLab or mmgreen backbone',
        encoder=_OPENMMLAB,
        anchor=_OPENMMLAB_ANCHOR,
        not_ours=(_OLD_ATTEND, 'mask_token'),
    ),
)


def _to_ours(state_dict: StateDict, merge_order: str | None) -> dict[str, Tensor]:
    """Patch merging's channels from four blocks of C to C groups of four (torch's unfold)."""
    if merge_order is None:
        return dict(state_dict)
    blocks = list(MERGE_ORDERS[merge_order])

    def unfold_order(tensor: Tensor) -> Tensor:
        return tensor.unflatten(-1, (4, -1))[..., blocks, :].transpose(-1, -2).flatten(-2)

    return {
        name: unfold_order(tensor) if matches(name, _MERGED) else tensor
        for name, tensor in state_dict.items()
    }


def _from_ours(state_dict: StateDict, merge_order: str | None) -> dict[str, Tensor]:
    """The reverse of :func:`_to_ours`; both orders are their own inverse."""
    if merge_order is None:
        return dict(state_dict)
    blocks = list(MERGE_ORDERS[merge_order])

    def in_blocks(tensor: Tensor) -> Tensor:
        return tensor.unflatten(-1, (-1, 4)).transpose(-1, -2)[..., blocks, :].flatten(-2)

    return {
        name: in_blocks(tensor) if matches(name, _MERGED) else tensor
        for name, tensor in state_dict.items()
    }


def _tables(state_dict: StateDict) -> dict[str, Tensor]:
    """The bias tables, those of the first stage first."""
    names = [name for name in state_dict if matches(name, (_TABLE,))]
    return {name: state_dict[name] for name in sorted(names, key=_stage)}


def _stage(name: str) -> int:
    """The stage that a name such as ``stages.2.blocks...`` belongs to."""
    return int(name.split('.')[1])


def _resize(source: StateDict, target: StateDict) -> dict[str, Resized]:
    """Bias tables at the module's size."""
    return bias_tables.fit_tables(_tables(source), _tables(target))


def _with_tables(state_dict: StateDict, tables: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights with other bias tables, and the indices that belong to these."""
    others = {name: x for name, x in state_dict.items() if not matches(name, (_INDEX,))}
    indices = {
        name.replace('bias_table', 'index'): bias_tables.index_of(table)
        for name, table in tables.items()
    }
    return {**others, **tables, **indices}


def _complete(state_dict: StateDict) -> dict[str, Tensor]:
    """Bias tables of cut windows in the middle of full ones, and every index."""
    tables = _tables(state_dict)
    side = max(bias_tables.side_of(table) or 0 for table in tables.values())
    full = {
        name: bias_tables.centre(table, side) if bias_tables.side_of(table) else table
        for name, table in tables.items()
    }
    return _with_tables(state_dict, full)


def _trim(state_dict: StateDict, img_size: int | None) -> dict[str, Tensor]:
    """Bias tables as the original stores them: those of windows that it cuts, cut.

    Which ones it cuts follows from ``img_size``; without one, from the borders of zeros that
    :func:`_complete` puts there.
    """
    tables = {}
    for name, table in _tables(state_dict).items():
        if img_size is None:
            tables[name] = bias_tables.trim(table)
        else:
            side_of_map = -(-img_size // (4 * 2 ** _stage(name)))
            tables[name] = bias_tables.cut_to(table, side_of_map)
    return _with_tables(state_dict, tables)


def _describe(state_dict: StateDict) -> str | None:
    """The sizes of a Swin: 'embed_dims 96, depths [2, 2, 6, 2], window 7'."""
    tables = _tables(state_dict)
    stem = state_dict.get('patch_embed.projection.weight')
    if stem is None or not tables:
        return None
    stages = [_stage(name) for name in tables]
    depths = [stages.count(stage) for stage in sorted(set(stages))]
    window = max(((bias_tables.side_of(table) or 0) + 1) // 2 for table in tables.values())
    return f'embed_dims {stem.shape[0]}, depths {depths}, window {window}'


SWIN = Family(
    name='Swin',
    formats=_FORMATS,
    describe=_describe,
    resize=_resize,
    complete=_complete,
    trim=_trim,
    to_ours=_to_ours,
    from_ours=_from_ours,
    computed=(_INDEX,),
    # A detector normalises the output of every stage, pretraining that of the last.
    optional=('norm0.{p}', 'norm1.{p}', 'norm2.{p}'),
    strangers=(('attn.cpb_mlp.', 'Swin V2'),),
)
