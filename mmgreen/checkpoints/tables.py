"""How checkpoints differ: tables of names, and what a family of nets says about its own.

A format is a table of pairs ``(their name, our name)``. Names are templates: ``{i}`` and ``{j}``
stand for numbers, ``{p}`` for ``weight`` or ``bias``, ``{rest}`` for anything, so one table serves
both directions. A new family of nets adds one file with one :class:`Family`, listed in
``formats.py``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

__all__ = [
    'MERGE_ORDERS',
    'Family',
    'Format',
    'Pairs',
    'Resized',
    'StateDict',
    'matches',
    'rename',
    'swap',
]

StateDict = Mapping[str, Tensor]
Pairs = tuple[tuple[str, str], ...]

# Where the four neighbours (0,0), (0,1), (1,0), (1,1) (row, column) of a patch merging stand among
# the four blocks of channels of an official file. Microsoft's Swin concatenates down the columns.
MERGE_ORDERS = {'column_first': (0, 2, 1, 3), 'row_first': (0, 1, 2, 3)}

_PLACEHOLDERS = {
    'i': r'(?P<i>\d+)',
    'j': r'(?P<j>\d+)',
    'p': r'(?P<p>weight|bias)',
    'rest': r'(?P<rest>.*)',
}


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """The regular expression that a template stands for."""
    pattern = re.escape(template)
    for letter, expression in _PLACEHOLDERS.items():
        pattern = pattern.replace(re.escape(f'{{{letter}}}'), expression)
    return re.compile(pattern)


def rename(name: str, pairs: Pairs) -> str | None:
    """``name`` by the first pair whose left side fits it, or None."""
    for left, right in pairs:
        found = _pattern(left).fullmatch(name)
        if found:
            return right.format(**found.groupdict())
    return None


def matches(name: str, templates: Iterable[str]) -> bool:
    """Whether any of the templates fits ``name``."""
    return any(_pattern(template).fullmatch(name) for template in templates)


def swap(pairs: Pairs) -> Pairs:
    """The table for the other direction."""
    return tuple((right, left) for left, right in pairs)


class Resized(NamedTuple):
    """A tensor brought to another shape, and how, in a word for the log."""

    tensor: Tensor
    how: str


@dataclass(frozen=True)
class Format:
    """One way in which a family's weights are named in files.

    Attributes:
        name: what ``--to`` and reports call it.
        title: for sentences: 'official GreenMIM'.
        encoder: names inside the encoder, theirs and ours; ours get ``backbone.`` in front.
        anchor: a name that the encoder always has; where it stands in a file, the encoder is.
        at: what precedes the encoder's names in this format's own files, such as ``encoder.``.
        signs: names that must be there too, with ``at``; among formats that share an anchor the
            first whose signs are there is the one.
        never: endings that no name in the file may have.
        one_of: templates of names inside the encoder, of which one at least must be there, if any.
        beside: names outside the encoder, theirs and ours in full (decoder, classifier).
        not_ours: templates, with ``at``, of names that have no place in our models.
        whole_model: the encoder is part of a larger model, whose other parts are not ours either.
        merge_order: the usual order of the four neighbours in patch merging, for nets that have it.
        merge_doubt: the rest of a sentence on why a file may have the other order.
    """

    name: str
    title: str
    encoder: Pairs
    anchor: str
    at: str = ''
    signs: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    beside: Pairs = ()
    not_ours: tuple[str, ...] = ()
    whole_model: bool = False
    merge_order: str | None = None
    merge_doubt: str = ''


def _unchanged(state_dict: StateDict, _: str | None) -> dict[str, Tensor]:
    return dict(state_dict)


def _none_resized(_source: StateDict, _target: StateDict) -> dict[str, Resized]:
    return {}


@dataclass(frozen=True)
class Family:
    """What one family of nets says about its checkpoints.

    All functions take and return state dicts of the backbone alone, in our names, and change none.

    Attributes:
        name: for sentences: 'Swin'.
        formats: all known ones, the more special before the more general.
        computed: templates of buffers that the net computes itself, so a file's are not needed.
        optional: templates of parameters that pretraining does not have, so missing is expected.
        describe: the sizes of a net, for sentences; None if it is not of this family.
        resize: (file's, module's) -> those of the file's tensors that differ in shape and can be
            resized to the module's.
        complete: what a file of ours holds: every table at full size, with the computed buffers.
        trim: (ours, image size or None) -> the reverse of ``complete``, as other codes store it.
        to_ours, from_ours: (state dict, merge order) -> weights laid out in our way, and back.
        strangers: parts of names that give away a similar net that is not supported, and its name.
    """

    name: str
    formats: tuple[Format, ...]
    describe: Callable[[StateDict], str | None]
    resize: Callable[[StateDict, StateDict], dict[str, Resized]] = _none_resized
    complete: Callable[[StateDict], dict[str, Tensor]] = dict
    trim: Callable[[StateDict, int | None], dict[str, Tensor]] = _unchanged
    to_ours: Callable[[StateDict, str | None], dict[str, Tensor]] = _unchanged
    from_ours: Callable[[StateDict, str | None], dict[str, Tensor]] = _unchanged
    computed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    strangers: Pairs = ()
