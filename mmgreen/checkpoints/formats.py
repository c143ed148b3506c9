"""Recognising whose checkpoint it is, and giving its weights our names, or ours back theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor

from mmgreen.checkpoints.hiera import HIERA
from mmgreen.checkpoints.swin import SWIN
from mmgreen.checkpoints.tables import (
    MERGE_ORDERS,
    Family,
    Format,
    StateDict,
    matches,
    rename,
    swap,
)
from mmgreen.checkpoints.twins import TWINS
from mmgreen.checkpoints.vit import VIT
from mmgreen.errors import InputError

__all__ = ['FAMILIES', 'Converted', 'convert', 'convert_back', 'counted', 'weights_in']

FAMILIES: tuple[Family, ...] = (SWIN, HIERA, TWINS, VIT)

# Under which name training codes put the weights into their files, the surest first.
_WEIGHTS = ('state_dict', 'model', 'model_state_dict', 'model_state', 'module', 'weights')


@dataclass(frozen=True)
class Converted:
    """A checkpoint's weights under other names.

    Attributes:
        format: name of the format that was recognised, or that was written.
        title: the same for sentences: 'official GreenMIM'.
        family: the nets it belongs to.
        state_dict: the weights. In our names the encoder's begin with ``backbone.``, the
            decoder's with ``neck.``, the classifier's with ``head.fc.``.
        dropped: names that have no place in the other format, as its table knows.
        leftover: names that the table does not know.
        notes: sentences about choices that the names do not settle.
    """

    format: str
    title: str
    family: Family = field(repr=False)
    state_dict: StateDict = field(repr=False)
    dropped: tuple[str, ...] = ()
    leftover: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def counted(names: Collection[str], most: int = 6) -> str:
    """How many names there are, and the first ``most`` of them: '10: a, b, c and 7 more'."""
    if not names:
        return '0'
    shown = ', '.join(list(names)[:most])
    rest = len(names) - most
    return f'{len(names)}: {shown}' + (f' and {rest} more' if rest > 0 else '')


class _Place(NamedTuple):
    """Where an encoder stands in a file: its format, and what precedes the format's names."""

    family: Family
    format: Format
    root: str

    @property
    def prefix(self) -> str:
        return self.root + self.format.at


def weights_in(content: Mapping[str, Any]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights in the content of a checkpoint file, and the names of what else is in it.

    Where mmengine averaged the weights (EMA), ``state_dict`` holds the average and that is taken.
    A dict inside such a dict, as in ``{'model': {'state_dict': ...}}``, is looked into as well.
    """
    for name in _WEIGHTS:
        inside = content.get(name)
        if isinstance(inside, Mapping):
            beside = tuple(str(other) for other in content if other != name)
            return _tensors(inside) or weights_in(inside)[0], beside
    beside = tuple(str(name) for name, value in content.items() if not isinstance(value, Tensor))
    return _tensors(content), beside


def _tensors(content: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: x.detach() for name, x in content.items() if isinstance(x, Tensor)}


def convert(
    state_dict: StateDict,
    merge_order: str | None = None,
    prefix: str | None = None,
    source: str = 'The state dict',
) -> Converted:
    """Weights of any known format in our names and our layout.

    Shapes stay as they are, so a window that the original cut keeps its smaller bias table.

    Args:
        state_dict: the weights; not changed.
        merge_order: 'row_first' or 'column_first', if the file's patch merging has another order
            than the format's files usually have.
        prefix: what precedes the encoder's names, to choose where a file holds more than one (a
            student and a teacher); where there is one, it is found and this is not looked at.
        source: what error messages call the weights, a path for example.

    Raises:
        ValueError: one sentence, if no format is recognised, several encoders are found, or
            ``merge_order`` is unknown or has no meaning for the format.
    """
    place = _find_place(state_dict, prefix, source)
    order = _merge_order(place.format, merge_order)
    encoder: dict[str, Tensor] = {}
    others: dict[str, Tensor] = {}
    dropped, leftover = [], []
    for name, tensor in state_dict.items():
        if name.startswith(place.prefix):
            ours = rename(name.removeprefix(place.prefix), place.format.encoder)
            if ours:
                encoder[ours] = tensor
                continue
        ours = _beside(name, place)
        if ours:
            others[ours] = tensor
        elif _is_not_ours(name, place):
            dropped.append(name)
        else:
            leftover.append(name)
    encoder = place.family.to_ours(encoder, order)
    return Converted(
        format=place.format.name,
        title=place.format.title,
        family=place.family,
        state_dict=MappingProxyType(
            {**{f'backbone.{name}': x for name, x in encoder.items()}, **others}
        ),
        dropped=tuple(dropped),
        leftover=tuple(leftover),
        notes=_merge_notes(place.format, merge_order, 'read'),
    )


def _beside(name: str, place: _Place) -> str | None:
    """Our name of something outside the encoder, or None."""
    if not name.startswith(place.root):
        return None
    return rename(name.removeprefix(place.root), place.format.beside)


def _is_not_ours(name: str, place: _Place) -> bool:
    """Whether a name that the tables do not map is known to have no place in our models."""
    if not name.startswith(place.root):
        return True
    if place.format.whole_model and not name.startswith(place.prefix):
        return True
    return matches(name.removeprefix(place.root), place.format.not_ours)


def _find_place(state_dict: StateDict, prefix: str | None, source: str) -> _Place:
    """The one encoder in a state dict."""
    places = [place for family in FAMILIES for place in _places(state_dict, family)]
    if not places:
        raise InputError(f'{source} {_why_unknown(state_dict)}')
    if len(places) == 1:
        return places[0]
    chosen = [place for place in places if place.prefix == prefix]
    if len(chosen) == 1:
        return chosen[0]
    found = ', '.join(repr(place.prefix) for place in places)
    raise InputError(
        f'{source} holds {len(places)} encoders, under the prefixes {found}; choose one with the '
        'option prefix.'
    )


def _places(state_dict: StateDict, family: Family) -> list[_Place]:
    """Every encoder of a family, each with the first of its formats that fits."""
    places = {}
    for format_ in family.formats:
        ending = format_.at + format_.anchor
        for name in state_dict:
            root = name.removesuffix(ending)
            whole = root == '' or root.endswith('.')
            if not name.endswith(ending) or not whole or root + format_.at in places:
                continue
            place = _Place(family, format_, root)
            if _has_signs(state_dict, place):
                places[place.prefix] = place
    return list(places.values())


def _has_signs(state_dict: StateDict, place: _Place) -> bool:
    """Whether a state dict has all that a format needs beside its anchor."""
    if not all(place.root + sign in state_dict for sign in place.format.signs):
        return False
    if any(name.endswith(place.format.never) for name in state_dict):
        return False
    inside = (x.removeprefix(place.prefix) for x in state_dict if x.startswith(place.prefix))
    wanted = place.format.one_of
    return not wanted or any(matches(name, wanted) for name in inside)


def _why_unknown(state_dict: StateDict) -> str:
    """The rest of a sentence about a state dict in which no encoder was found."""
    if not state_dict:
        return 'holds no weights.'
    for family in FAMILIES:
        for part, stranger in family.strangers:
            if any(part in name for name in state_dict):
                return f'holds {stranger}, which is another net than {family.name}.'
    names = ', '.join(list(state_dict)[:3])
    known = ', '.join(format_.title for family in FAMILIES for format_ in family.formats)
    return f'holds no weights that mmgreen knows (its names begin with {names}); it reads {known}.'


def _merge_order(format_: Format, asked: str | None) -> str | None:
    """The order of patch merging to take."""
    if asked is None:
        return format_.merge_order
    if asked not in MERGE_ORDERS:
        raise InputError(f'merge_order must be one of {", ".join(MERGE_ORDERS)}, not {asked!r}.')
    if format_.merge_order is None:
        raise InputError(
            f'merge_order={asked!r} has no meaning for {format_.title} files, whose patch merging '
            'has one order only; leave it out.'
        )
    return asked


def _merge_notes(format_: Format, asked: str | None, done: str) -> tuple[str, ...]:
    """What to say about the order of patch merging, if there is anything to say."""
    if asked:
        return (f'Patch merging was {done} as {asked}, as asked.',)
    if format_.merge_doubt:
        return (f'Patch merging was {done} as {format_.merge_order}, {format_.merge_doubt}.',)
    return ()


def convert_back(
    state_dict: StateDict,
    to: str,
    merge_order: str | None = None,
    img_size: int | None = None,
) -> Converted:
    """Weights in our names under those of another format.

    Args:
        state_dict: ours, encoder under ``backbone.``, as :func:`convert` gives it; not changed.
        to: name of the format, as :attr:`Converted.format` has it: 'swin', 'greenmim' and so on.
        merge_order: as for :func:`convert`.
        img_size: the size of image that the other code builds its model for. Where a stage's map
            is smaller than the window, that code cuts the window and has a smaller bias table.
            Without a size only tables that a conversion filled up with zeros are cut again.

    Raises:
        ValueError: one sentence, if the format is unknown, or has a decoder and ``state_dict`` not.
    """
    family, format_ = _format_named(to)
    order = _merge_order(format_, merge_order)
    encoder = {
        name.removeprefix('backbone.'): tensor
        for name, tensor in state_dict.items()
        if name.startswith('backbone.')
    }
    renamed, dropped, leftover = {}, [], []
    encoder = family.from_ours(family.trim(encoder, img_size), order)
    for name, tensor in encoder.items():
        theirs = rename(name, swap(format_.encoder))
        if theirs:
            renamed[format_.at + theirs] = tensor
        else:
            (dropped if matches(name, family.optional) else leftover).append(f'backbone.{name}')
    for name in state_dict:
        if name.startswith('backbone.'):
            continue
        theirs = rename(name, swap(format_.beside))
        if theirs:
            renamed[theirs] = state_dict[name]
        else:
            dropped.append(name)
    _check_signs(renamed, format_)
    return Converted(
        format=format_.name,
        title=format_.title,
        family=family,
        state_dict=MappingProxyType(renamed),
        dropped=tuple(dropped),
        leftover=tuple(leftover),
        notes=_merge_notes(format_, merge_order, 'written'),
    )


def _format_named(name: str) -> tuple[Family, Format]:
    """The format of that name, with its family."""
    for family in FAMILIES:
        for format_ in family.formats:
            if format_.name == name:
                return family, format_
    known = ', '.join(format_.name for family in FAMILIES for format_ in family.formats)
    raise InputError(f'There is no checkpoint format {name!r}; there are {known}.')


def _check_signs(names: Iterable[str], format_: Format) -> None:
    """Refuses to write a file that its own format would not recognise."""
    missing = [sign for sign in format_.signs if sign not in names]
    if missing:
        raise InputError(
            f'These weights lack what {missing[0]} is in {format_.title} files (most often: they '
            'have no decoder); choose another format.'
        )
