"""Starting a model from a checkpoint of any known format, and saying what was taken from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.logging import MMLogger
from torch import nn

from mmgreen.checkpoints.decoder import has_decoder
from mmgreen.checkpoints.facts import facts_in
from mmgreen.checkpoints.fitting import Fit, fit_weights
from mmgreen.checkpoints.formats import FAMILIES, Converted, convert, counted, weights_in
from mmgreen.checkpoints.reading import read_checkpoint
from mmgreen.checkpoints.tables import StateDict
from mmgreen.errors import InputError

__all__ = ['LEAST_SHARE', 'LoadReport', 'load_pretrained', 'warn_random_start']

# A part of the model of which a file fills less than this is not started from it, but refused.
LEAST_SHARE = 0.9


@dataclass(frozen=True)
class LoadReport:
    """What a model took from a checkpoint; ``str()`` of it is the block that is logged.

    Attributes:
        path: the file.
        title: whose format it was.
        part: 'backbone' or 'model'.
        share: of the parameters of that part (elements) that the file filled, 0 to 1.
        matched: names that fitted as they were.
        resized: names of bias and position tables that were brought to the module's size, each with
            both shapes and how, in words.
        missing: parameters that keep their random start although the file should have had them.
        expected_missing: parameters that no pretraining has: norms of further outputs.
        mismatched: names whose shapes differ, each with both shapes in words; they keep their
            random start.
        unexpected: names in the file that nothing reads.
        not_needed: names in the file that belong to another part (decoder, head, …).
        notes: sentences about choices that were made.
    """

    path: str
    title: str
    part: str
    share: float
    matched: tuple[str, ...]
    resized: Mapping[str, str]
    missing: tuple[str, ...]
    expected_missing: tuple[str, ...]
    mismatched: Mapping[str, str]
    unexpected: tuple[str, ...]
    not_needed: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        rows = (
            ('resized', _with_reasons(self.resized)),
            ('missing', self.missing),
            ('expected missing', self.expected_missing),
            ('other shape', _with_reasons(self.mismatched)),
            ('unexpected', self.unexpected),
            ('not needed', self.not_needed),
        )
        return '\n'.join(
            [
                f'Loaded {100 * self.share:.1f} % of the parameters of the {self.part} from '
                f'{self.path} ({self.title}).',
                f'  matched: {len(self.matched)}',
                *(f'  {title}: {counted(names)}' for title, names in rows),
                *(f'  {note}' for note in self.notes),
            ]
        )


def _with_reasons(reasons: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f'{name} ({reason})' for name, reason in reasons.items())


def load_pretrained(
    module: nn.Module,
    path: str | Path,
    part: str = 'backbone',
    merge_order: str | None = None,
    prefix: str | None = None,
) -> LoadReport:
    """Starts a backbone, or a whole model for pretraining, from a checkpoint file.

    Whose file it is, and where in it the encoder stands, is found out. Bias tables and learned
    position tables of another size are resized. One block goes to mmengine's logger.

    Args:
        module: the backbone, or with ``part='model'`` a model with ``backbone`` and ``neck``.
        path: a local file of any format that docs/checkpoints.md lists.
        part: 'backbone' or 'model'.
        merge_order: 'row_first' or 'column_first', if the file's patch merging has another order
            than its format's files usually have.
        prefix: what precedes the encoder's names, to choose if the file holds more than one.

    Returns:
        What was taken. The module is changed in place, unless this raises.

    Raises:
        OSError, ValueError: one sentence, if the file cannot be read or is of no known format, if
            the whole model is asked for and the file has no decoder, or if the file fills less than
            ``LEAST_SHARE`` of the backbone's or the decoder's parameters.
    """
    parts = _parts(module, part)
    checkpoint = read_checkpoint(path)
    weights, _ = weights_in(checkpoint)
    converted = convert(weights, merge_order, prefix, source=str(path))
    if part == 'model' and not has_decoder(converted.state_dict):
        raise InputError(
            f'{path} ({converted.title}) holds no decoder that this model could take; start its '
            'encoder alone from it, with model.backbone.init_cfg.checkpoint.'
        )
    fits = {name: fit_weights(name, owner, converted) for name, owner in parts.items()}
    for name, fit in fits.items():
        if fit.filled < LEAST_SHARE * fit.needed:
            raise InputError(_too_little(path, name, parts[name], fit, converted))
    for name, fit in fits.items():
        _copy(fit.taken, parts[name])
    report = _report(str(path), part, fits, converted)
    report = replace(report, notes=(*report.notes, *_encodes_otherwise(checkpoint, module)))
    MMLogger.get_current_instance().info(str(report))
    return report


def _encodes_otherwise(checkpoint: Mapping, module: nn.Module) -> list[str]:
    """One sentence if images are encoded in another way than in the training of the file."""
    facts = facts_in(checkpoint).get('encoding') or {}
    if not hasattr(module, 'encoding_facts'):
        return []
    ours = module.encoding_facts(pretraining=False)
    changed = [name for name in ours if facts.get(name, ours[name]) != ours[name]]
    changes = [f'{name}: {facts[name]} -> {ours[name]}' for name in changed]
    return [f'Encodes otherwise than that training did: {"; ".join(changes)}.'] if changes else []


def warn_random_start(part: str = 'backbone') -> None:
    """One warning that nothing pretrained is loaded, and which option changes that.

    Args:
        part: what would have been loaded, 'backbone' or 'model'.
    """
    option = {'backbone': 'model.backbone', 'model': 'model'}[part] + '.init_cfg.checkpoint'
    MMLogger.get_current_instance().warning(
        f'Training starts from random weights, because no checkpoint is given; {option}=PATH '
        'starts it from pretrained ones (docs/checkpoints.md lists what can be read).'
    )


def _parts(module: nn.Module, part: str) -> dict[str, nn.Module]:
    """The modules to fill, by the name that their weights have in our checkpoints."""
    if part == 'backbone':
        return {'backbone': module}
    if part == 'model':
        return {'backbone': module.backbone, 'neck': module.neck}
    raise InputError(f"part must be 'backbone' or 'model', not {part!r}.")


def _too_little(
    path: str | Path, name: str, module: nn.Module, fit: Fit, converted: Converted
) -> str:
    """Why a file that fills too little of a part is not taken, with the likely cause."""
    percentage = 100 * fit.filled / fit.needed
    start = f'{path} ({converted.title}) fills only {percentage:.0f} % of the {name}'
    if name == 'neck':
        return (
            f'{start}, since its decoder has another size; give the neck of this config the width, '
            'depth and patch size that the file was trained with, or take its encoder alone with '
            'model.backbone.init_cfg.checkpoint.'
        )
    family = converted.family
    theirs = family.describe(
        {key.removeprefix('backbone.'): tensor for key, tensor in converted.state_dict.items()}
    )
    return (
        f'{start}; most often arch differs: the file holds a {family.name} with {theirs}, the '
        f'model has {_describe(module)}.'
    )


def _describe(module: nn.Module) -> str:
    """The family and sizes of a backbone, as far as they can be told."""
    state_dict = module.state_dict()
    for family in FAMILIES:
        sizes = family.describe(state_dict)
        if sizes:
            return f'a {family.name} with {sizes}'
    return f'a {type(module).__name__}, which is another net'


def _copy(tensors: StateDict, module: nn.Module) -> None:
    """Puts tensors into a module's parameters and buffers of the same names."""
    target = module.state_dict()
    with torch.no_grad():
        for name, tensor in tensors.items():
            target[name].copy_(tensor)


def _report(path: str, part: str, fits: Mapping[str, Fit], converted: Converted) -> LoadReport:
    """The report on all parts together, with names as they are in the module that was given."""

    def full(name: str, key: str) -> str:
        return f'{name}.{key}' if part == 'model' else key

    def names(attribute: str) -> tuple[str, ...]:
        return tuple(
            full(name, key) for name, fit in fits.items() for key in getattr(fit, attribute)
        )

    def reasons(attribute: str) -> dict[str, str]:
        return {
            full(name, key): reason
            for name, fit in fits.items()
            for key, reason in getattr(fit, attribute).items()
        }

    resized = reasons('resized')
    needed = sum(fit.needed for fit in fits.values())
    return LoadReport(
        path=path,
        title=converted.title,
        part=part,
        share=sum(fit.filled for fit in fits.values()) / needed,
        matched=tuple(name for name in names('taken') if name not in resized),
        resized=resized,
        missing=names('missing'),
        expected_missing=names('expected'),
        mismatched=reasons('mismatched'),
        unexpected=(*names('unexpected'), *converted.leftover),
        not_needed=(
            *names('unneeded'),
            *(key for key in converted.state_dict if key.split('.')[0] not in fits),
            *converted.dropped,
        ),
        notes=converted.notes,
    )
