"""Converting checkpoint files: what ``tools/model_converters/convert_checkpoint.py`` does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

import mmgreen
from mmgreen.checkpoints.formats import Converted, convert, convert_back, counted, weights_in
from mmgreen.checkpoints.reading import read_checkpoint
from mmgreen.checkpoints.tables import StateDict
from mmgreen.errors import InputError

__all__ = ['TARGETS', 'convert_file', 'summary']

# What a file can be converted to: ours, or the names of the official codes.
TARGETS = ('mmgreen', 'swin', 'greenmim', 'hiera', 'hiera_mae', 'twins')


def convert_file(
    source: str | Path,
    target: str | Path,
    to: str = 'mmgreen',
    merge_order: str | None = None,
    img_size: int | None = None,
) -> tuple[Converted, Converted]:
    """Writes the weights of a checkpoint of any known format into a new file.

    The new file holds plain tensors and plain values, so ``weights_only=True`` reads it: under
    ``state_dict`` in our names, complete for a strict load, or under ``model`` in official names.
    Nothing is written if this raises.

    Args:
        source: the file to read.
        target: the file to write; replaced if it exists.
        to: one of ``TARGETS``.
        merge_order: of the official file, which is ``source``, or for an official ``to`` the new
            one; see :func:`mmgreen.checkpoints.formats.convert`.
        img_size: for an official ``to``; see :func:`mmgreen.checkpoints.formats.convert_back`.

    Returns:
        What was read, and what was written.

    Raises:
        OSError, ValueError: one sentence, if the source cannot be read, is of no known format, has
            names that its format's table does not know, or cannot be put into the other format.
    """
    if to not in TARGETS:
        raise InputError(f'Checkpoints are converted to {", ".join(TARGETS)}, not to {to!r}.')
    if Path(source).resolve() == Path(target).resolve():
        raise InputError(f'{source} cannot be converted into itself; give another target.')
    weights, beside = weights_in(read_checkpoint(source))
    read = convert(weights, merge_order if to == 'mmgreen' else None, source=str(source))
    read = replace(read, dropped=(*beside, *read.dropped))
    _refuse_leftover(read, source)
    if to == 'mmgreen':
        written = replace(read, state_dict=_completed(read), dropped=(), notes=())
        content = {'state_dict': _plain(written.state_dict), 'meta': _origin(source, read)}
    else:
        written = convert_back(read.state_dict, to, merge_order, img_size)
        _refuse_leftover(written, source)
        content = {'model': _plain(written.state_dict)}
    _save(content, Path(target))
    return read, written


def summary(read: Converted, written: Converted) -> str:
    """What a conversion did, in lines for the terminal."""
    lines = [
        f'format   {read.title}',
        f'read     {len(read.state_dict)} tensors',
        f'dropped  {counted((*read.dropped, *written.dropped))}',
        f'written  {len(written.state_dict)} tensors',
    ]
    return '\n'.join([*lines, *read.notes, *written.notes])


def _completed(read: Converted) -> StateDict:
    """Our weights with full bias tables and computed buffers, as a strict load wants them."""
    inside = 'backbone.'
    backbone = {
        name.removeprefix(inside): tensor
        for name, tensor in read.state_dict.items()
        if name.startswith(inside)
    }
    others = {name: x for name, x in read.state_dict.items() if not name.startswith(inside)}
    complete = read.family.complete(backbone)
    return {**{inside + name: tensor for name, tensor in complete.items()}, **others}


def _refuse_leftover(converted: Converted, source: str | Path) -> None:
    """Stops at names that nobody knows what to do with."""
    if converted.leftover:
        raise InputError(
            f'{source} ({converted.title}) was not converted, because {len(converted.leftover)} of '
            f'its names are unknown: {", ".join(converted.leftover)}.'
        )


def _origin(source: str | Path, read: Converted) -> dict[str, str]:
    """What the new file says about where its weights are from."""
    return {
        'converted_from': Path(source).name,
        'format': read.format,
        'mmgreen_version': mmgreen.__version__,
    }


def _plain(state_dict: StateDict) -> dict[str, Tensor]:
    """Tensors that own exactly their memory: views would be saved with all of what they view."""
    return {name: tensor.clone().contiguous() for name, tensor in state_dict.items()}


def _save(content: Mapping[str, object], target: Path) -> None:
    """Writes the file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f'{target.name}.unfinished')
    torch.save(content, unfinished)
    os.replace(unfinished, target)
