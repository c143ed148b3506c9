"""Where the neighbours of visible tokens are, unit by unit, for convolutions on them alone.

Letters in shapes: V visible tokens, n visible units, s tokens a side of one, r reach of a kernel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Tiles(NamedTuple):
    """The visible units of a map, each with a rim of neighbours. Immutable; made once."""

    take: Tensor
    """(n, (s + 2 r)**2) int64: the token in each place of a tile, row by row; V = none visible."""
    back: Tensor
    """(V,) int64: the place of each token among the insides of all tiles, n * s**2 of them."""
    side: int
    """s + 2 r."""

    def to(self, device: torch.device | str) -> Tiles:
        """The same on ``device``, without waiting for it."""
        move = {'non_blocking': True}
        return Tiles(self.take.to(device, **move), self.back.to(device, **move), self.side)


def cut_tiles(coords: Tensor, side: int, reach: int) -> Tiles:
    """The tiles of visible tokens.

    Args:
        coords: (V, 2) int64 on the CPU, row and column of each token in the map; whole units, one
            after another, each beginning with its token at the top left (unit order does).
        side: s, tokens a side of a unit; 1 if tokens are not in units.
        reach: r, how far a kernel looks: 1 for 3x3.
    """
    count, inside = len(coords), side**2
    rows, columns = (coords.max(0).values + 1 + 2 * reach).tolist()
    index = torch.full((rows, columns), count)
    index[coords[:, 0] + reach, coords[:, 1] + reach] = torch.arange(count)
    corners = coords[::inside]
    steps = torch.arange(side + 2 * reach)
    take = index[
        corners[:, 0, None, None] + steps[:, None], corners[:, 1, None, None] + steps[None]
    ]
    within = coords - corners.repeat_interleave(inside, 0)
    unit = torch.arange(count) // inside
    return Tiles(
        take=take.flatten(1),
        back=unit * inside + within[:, 0] * side + within[:, 1],
        side=side + 2 * reach,
    )
