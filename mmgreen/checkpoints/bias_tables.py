"""Relative position bias tables of windows of another size.

A table has ``side**2`` rows, ``side = 2 * window - 1``: one per offset between two tokens, and a
column per head. Two things make a file's table differ in size from the net's, and they want
different treatment:

* The original cut its window. Where a stage's map was no larger than the window, the official code
  made the window, and so its table, smaller: Swin with window 14 at 224 px has 27**2 rows in three
  stages and 13**2 in the last. Offsets mean the same in both, so the small table is the middle of
  the large one; interpolating it would be wrong.
* The net has another window in every stage. Then the tables are interpolated, as Microsoft's own
  code does.

The first stage tells which of the two it is, since its map is never smaller than its window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from mmgreen.checkpoints.tables import Resized
from mmgreen.errors import InputError
from mmgreen.ops.positions import relative_position_index

__all__ = [
    'centre',
    'cut_to',
    'fit_tables',
    'index_of',
    'interpolate',
    'side_of',
    'trim',
    'window_of',
]


def side_of(table: Tensor) -> int | None:
    """Offsets a side of a (side**2, heads) table; None if it is not the table of a window."""
    side = math.isqrt(table.shape[0])
    return side if side**2 == table.shape[0] and side % 2 else None


def window_of(table: Tensor) -> int:
    """Tokens a side of the window that a table was made for.

    Raises:
        ValueError: if no window has a table of that many rows.
    """
    side = side_of(table)
    if side is None:
        raise InputError(f'A bias table of {table.shape[0]} rows belongs to no square window.')
    return (side + 1) // 2


def centre(table: Tensor, side: int) -> Tensor:
    """A larger table with the given one in its middle and zeros, which favour nothing, around it.

    Args:
        table: (s**2, heads), s no larger than ``side``.
        side: of the result, odd.

    Returns:
        (side**2, heads).
    """
    border = (side - side_of(table)) // 2
    return F.pad(_as_maps(table), (border,) * 4).flatten(1).T.contiguous()


def trim(table: Tensor) -> Tensor:
    """The table without a border of exact zeros: what :func:`centre` was given.

    Training leaves no exact zeros, except where a cut window never looks. A table of nothing but
    zeros is new, not cut, and returned as it is.
    """
    side = side_of(table)
    if side is None or not table.any():
        return table
    used = _as_maps(table).ne(0).any(0).nonzero()
    reach = int((used - side // 2).abs().max())
    return _middle(table, 2 * reach + 1)


def interpolate(table: Tensor, side: int) -> Tensor:
    """The table of another window, bicubic, as Microsoft's loading of Swin does it.

    Args:
        table: (s**2, heads).
        side: of the result.

    Returns:
        (side**2, heads), of the table's dtype.
    """
    resized = F.interpolate(
        _as_maps(table)[None].float(), size=(side, side), mode='bicubic', align_corners=False
    )
    return resized[0].flatten(1).T.to(table.dtype).contiguous()


def fit_tables(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> dict[str, Resized]:
    """A file's tables at the net's size, by the rule at the top of this file.

    Args:
        source: tables by name, those of the first stage first.
        target: the net's, under the same names.

    Returns:
        The tables that had another size, resized. Those that cannot be (another number of heads,
        rows of no window) are left out.
    """
    trimmed = {name: trim(table) for name, table in source.items() if name in target}
    first = next(iter(trimmed), None)
    if first is None or side_of(source[first]) is None:
        return {}
    cut_only = source[first].shape[0] == target[first].shape[0]
    fitted = {}
    for name, table in trimmed.items():
        side = side_of(target[name])
        same_heads = table.shape[1:] == target[name].shape[1:]
        if source[name].shape == target[name].shape or not same_heads or not side_of(table):
            continue
        if table.shape[0] == target[name].shape[0]:
            fitted[name] = Resized(table, 'its middle taken')
        elif cut_only and side_of(table) < side:
            fitted[name] = Resized(centre(table, side), 'centred')
        else:
            fitted[name] = Resized(interpolate(table, side), 'interpolated')
    return fitted


def cut_to(table: Tensor, window: int) -> Tensor:
    """The middle of a table: what a window cut down to ``window`` tokens uses of it."""
    return _middle(table, min(2 * window - 1, side_of(table)))


def _middle(table: Tensor, side: int) -> Tensor:
    """(side**2, heads): the middle of a table that is at least as large."""
    border = (side_of(table) - side) // 2
    maps = _as_maps(table)
    return maps[:, border : border + side, border : border + side].flatten(1).T.contiguous()


def _as_maps(table: Tensor) -> Tensor:
    """(side**2, heads) as (heads, side, side)."""
    side = side_of(table)
    return table.T.unflatten(1, (side, side))


def index_of(table: Tensor) -> Tensor:
    """(window**2, window**2) int64: the row of ``table`` for each pair of tokens in a window."""
    window = window_of(table)
    coords = torch.cartesian_prod(torch.arange(window), torch.arange(window))
    return relative_position_index(coords, window)
