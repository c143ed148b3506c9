"""Choices of units that a batch shares, and those that each image has for itself.

Nothing outside of this file tells the two apart.

Letters in shapes: B images, U units, n chosen ones, T tokens in a unit.
"""

from __future__ import annotations

import torch
from torch import Tensor


def is_shared(choice: Tensor) -> bool:
    """Whether ``choice``, bools or positions of units, (U,) or (n,), is one for all images.

    A choice for each image has a dimension more, the first.
    """
    return choice.dim() == 1


def take_places(values: Tensor, places: Tensor) -> Tensor:
    """The values at the chosen places.

    Args:
        values: (B, U, ...).
        places: (n,) or (B, n) int64, on the device of ``values``.

    Returns:
        (B, n, ...).
    """
    if is_shared(places):
        return values.index_select(1, places)
    rest = values.shape[2:]
    index = places.view(*places.shape, *[1] * len(rest)).expand(*places.shape, *rest)
    return values.gather(1, index)


def index_units(units: Tensor, grid: tuple[int, ...], num_images: int) -> tuple:
    """What picks the chosen units out of a tensor (B, *grid, ...), giving (B, n, ...).

    Args:
        units: (n,) or (B, n) int64, raster order.
        grid: (rows, columns), for clips (t, rows, columns).
        num_images: B.
    """
    axes, rest = [], units
    for size in reversed(grid[1:]):
        axes.append(rest % size)
        rest = rest // size
    axes.append(rest)
    images = slice(None)
    if not is_shared(units):
        images = torch.arange(num_images, device=units.device)[:, None]
    return (images, *reversed(axes))


def image_of_tokens(units: Tensor, tokens: int) -> Tensor | None:
    """Which image each token of the chosen units belongs to, for ``plan_groups``.

    Args:
        units: (n,) or (B, n).
        tokens: T.

    Returns:
        (B * n * T,) int64 on the CPU; None where all images share the choice.
    """
    if is_shared(units):
        return None
    return torch.arange(len(units), device='cpu').repeat_interleave(units.shape[-1] * tokens)
