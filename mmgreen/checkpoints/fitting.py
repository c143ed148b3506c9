"""How the weights of a checkpoint fit one part of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from mmgreen.checkpoints.decoder import resize_positions
from mmgreen.checkpoints.formats import Converted
from mmgreen.checkpoints.tables import Resized, StateDict, matches
from mmgreen.errors import InputError

__all__ = ['Fit', 'check_filled', 'fit_weights']

# Of the convolutions that read images: Swin's, Hiera's and Twins'.
FIRST_WEIGHTS = (
    'patch_embed.projection.weight',
    'patch_embed.proj.weight',
    'patch_embeds.0.projection.weight',
)


@dataclass(frozen=True)
class Fit:
    """What one part of a model can take from a file; names as in that part.

    Attributes:
        taken: tensors of the module's own shapes, resized ones included.
        resized: those that had another shape: name -> both shapes in words.
        mismatched: those whose shapes differ and stay different: name -> both shapes in words.
        missing: parameters that the file should have and does not.
        expected: parameters that no pretraining has, and neither has the file.
        unneeded: the same the other way round: the file has them, the module does not.
        unexpected: other names in the file that the module does not have.
        needed: elements of the module's parameters, without the expected ones.
        filled: those of them that the file fills.
    """

    taken: dict[str, Tensor] = field(repr=False)
    resized: dict[str, str]
    mismatched: dict[str, str]
    missing: tuple[str, ...]
    expected: tuple[str, ...]
    unneeded: tuple[str, ...]
    unexpected: tuple[str, ...]
    needed: int
    filled: int


def fit_weights(name: str, module: nn.Module, converted: Converted) -> Fit:
    """How the weights under ``name`` fit a module, which is not changed.

    Args:
        name: 'backbone' or 'neck'.
        module: the backbone, or the decoder with its ``grid`` and ``side``.
        converted: the file's weights in our names.
    """
    family = converted.family
    source = _weights_of(name, converted)
    target = module.state_dict()
    resized = family.resize(source, target) if name == 'backbone' else _resize_neck(source, module)
    available = {**source, **{key: x.tensor for key, x in resized.items()}}
    taken = {
        key: tensor
        for key, tensor in available.items()
        if key in target and tensor.shape == target[key].shape
    }
    strange = [key for key in source if key not in target]
    parameters = {key: tensor.numel() for key, tensor in module.named_parameters()}
    absent = [key for key in parameters if key not in available]
    expected = [key for key in absent if matches(key, family.optional)]
    needed = {key: count for key, count in parameters.items() if key not in expected}
    return Fit(
        taken=taken,
        resized={key: f'{_shapes(key, source, target)}: {x.how}' for key, x in resized.items()},
        mismatched={
            key: _shapes(key, source, target)
            for key in parameters
            if key in source and key not in taken
        },
        missing=tuple(key for key in absent if key not in expected),
        expected=tuple(expected),
        unneeded=tuple(key for key in strange if matches(key, family.optional)),
        unexpected=tuple(key for key in strange if not matches(key, family.optional)),
        needed=sum(needed.values()),
        filled=sum(count for key, count in needed.items() if key in taken),
    )


def _weights_of(name: str, converted: Converted) -> dict[str, Tensor]:
    """The file's weights of one part, without the buffers that the net computes itself."""
    inside = f'{name}.'
    weights = {
        key.removeprefix(inside): tensor
        for key, tensor in converted.state_dict.items()
        if key.startswith(inside)
    }
    computed = converted.family.computed
    return {key: tensor for key, tensor in weights.items() if not matches(key, computed)}


def _resize_neck(source: StateDict, neck: nn.Module) -> dict[str, Resized]:
    """A decoder's learned position table on the neck's grid; a computed one stays the neck's."""
    wanted = dict(neck.named_parameters()).get('pos_embed')
    if wanted is None or 'pos_embed' not in source or source['pos_embed'].shape == wanted.shape:
        return {}
    rows, columns = (units * neck.side for units in neck.grid)
    table = resize_positions(source['pos_embed'], (rows, columns))
    if table is None or table.shape != wanted.shape:
        return {}
    return {'pos_embed': Resized(table, 'interpolated')}


def _shapes(name: str, source: StateDict, target: StateDict) -> str:
    """Both shapes in words, and what they mean for the first convolution."""
    ours = list(target[name].shape)
    if not isinstance(source.get(name), Tensor):
        return f'not in the file, model {ours}'
    theirs = list(source[name].shape)
    if name in FIRST_WEIGHTS and theirs[1] != ours[1]:
        return f'the file reads {theirs[1]} input channels, the model {ours[1]}'
    return f'file {theirs}, model {ours}'


def check_filled(module: nn.Module, stored: Mapping[str, Tensor], source: str, advice: str) -> None:
    """Refuses weights that do not fill every parameter of a module by its very name.

    mmengine only warns, and goes on with random weights.

    Args:
        module: what is to be filled.
        stored: parameters by name.
        source: where they come from, for the message.
        advice: what to do, as the end of a sentence.

    Raises:
        ValueError: counts the parameters that are missing or have another shape, and names one.
    """
    wanted = module.state_dict()
    lacking = {
        name: _shapes(name, stored, wanted)
        for name, parameter in module.named_parameters()
        if getattr(stored.get(name), 'shape', None) != parameter.shape
    }
    if lacking:
        name, how = next(iter(lacking.items()))
        raise InputError(
            f'{source} does not fit this {type(module).__name__}: {len(lacking)} of '
            f'{len(list(module.parameters()))} parameters are not in it, or have another shape, '
            f'{name} first ({how}); {advice}'
        )
