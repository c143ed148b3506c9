"""Which mask units of an image are hidden.

Letters in shapes: B images, U units, V visible units.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from mmgreen.errors import InputError

UNIT_SIZE = 32  # pixels a side: where four stages have halved the resolution, one token


def check_mask_ratio(mask_ratio: float) -> None:
    """Refuses a fraction that hides nothing or everything.

    Raises:
        ValueError: if ``mask_ratio`` is not in (0, 1).
    """
    if not isinstance(mask_ratio, int | float) or not 0 < mask_ratio < 1:
        raise InputError(
            f'mask_ratio must lie between 0 and 1 (both excluded), not {mask_ratio!r}.'
        )


def num_visible(num_units: int, mask_ratio: float) -> int:
    """How many of ``num_units`` stay visible: ``int(num_units * (1 - mask_ratio))``.

    The count that MAE, GreenMIM and Hiera use (12 of 49 at 0.75, 19 of 49 at 0.6), without the
    surprises of binary fractions (10 of 100 at 0.9, where the plain expression gives 9).

    Raises:
        ValueError: if ``mask_ratio`` is not in (0, 1), or hides every unit or none.
    """
    check_mask_ratio(mask_ratio)
    count = int(round(num_units * (1 - mask_ratio), 6))
    if count == 0 or count == num_units:
        what = 'hides all' if count == 0 else 'hides none'
        raise InputError(
            f'mask_ratio={mask_ratio} {what} of the {num_units} units of an image; '
            'choose another ratio or a larger image.'
        )
    return count


def draw_masked(num_units: int, mask_ratio: float, num_images: int | None = None) -> Tensor:
    """A random choice of hidden units, drawn from torch's default CPU generator.

    Args:
        num_units: U, the units of an image.
        mask_ratio: fraction of the units to hide, in (0, 1).
        num_images: B for one choice per image; None for one choice that all images share.

    Returns:
        (U,) or (B, U) bool on the CPU, True = hidden; every row hides the same number of units.

    Raises:
        ValueError: see :func:`num_visible`.
    """
    keep = num_visible(num_units, mask_ratio)
    shape = (num_units,) if num_images is None else (num_images, num_units)
    kept = torch.rand(shape).argsort(dim=-1)[..., :keep]
    return torch.ones(shape, dtype=torch.bool).scatter_(-1, kept, False)


def unit_grid(height: int, width: int, unit_size: int) -> tuple[int, int]:
    """Rows and columns of mask units in an image of ``height`` x ``width`` pixels.

    Raises:
        ValueError: if the unit does not divide the image.
    """
    if height % unit_size or width % unit_size or not (height and width):
        raise InputError(
            f'Images of {height}x{width} pixels cannot be cut into mask units of {unit_size} '
            f'pixels; resize or crop them to multiples of {unit_size}.'
        )
    return height // unit_size, width // unit_size


def check_masked(masked: Tensor, grid: tuple[int, ...], num_images: int) -> Tensor:
    """``masked`` on the CPU, once it is known to be a valid choice for these images.

    Args:
        masked: (U,) shared by the batch, or (B, U), one row per image; bool, True = hidden.
        grid: rows and columns of units, for clips after their number in time; U is the product.
        num_images: B.

    Raises:
        TypeError: if ``masked`` is not a bool tensor.
        ValueError: if its shape does not fit, all units are hidden, or rows hide unequal numbers.
    """
    if not isinstance(masked, Tensor) or masked.dtype != torch.bool:
        kind = masked.dtype if isinstance(masked, Tensor) else type(masked).__name__
        raise TypeError(f'masked must be a bool tensor (True = hidden), not {kind}.')
    num_units = prod(grid)
    if tuple(masked.shape) not in ((num_units,), (num_images, num_units)):
        raise InputError(
            f'masked has shape {tuple(masked.shape)}; {num_images} images of '
            f'{"x".join(map(str, grid))} units need ({num_units},) or ({num_images}, {num_units}).'
        )
    masked = masked.cpu()
    counts = (~masked).sum(-1)
    if int(counts.min()) == 0:
        raise InputError('masked hides every unit of an image; at least one must stay visible.')
    if int(counts.min()) != int(counts.max()):
        raise InputError('masked hides unequal numbers of units in different images.')
    return masked


def unit_indices(chosen: Tensor) -> Tensor:
    """Positions of the chosen units, in raster order.

    Args:
        chosen: (U,) or (B, U) bool on the CPU; every row has the same number n of True.

    Returns:
        (n,) or (B, n) int64.
    """
    return chosen.nonzero()[:, -1].view(*chosen.shape[:-1], -1)


def masked_map(masked: Tensor, grid: tuple[int, int], side: int) -> Tensor:
    """The hidden places of images at a finer resolution than their units.

    Args:
        masked: (B, U) bool, True = hidden.
        grid: (rows, columns) of units, for clips (t, rows, columns).
        side: places a side of a unit: tokens, or pixels.

    Returns:
        (B, rows * side, columns * side) bool; of clips the film strip's, t * rows * side high.
    """
    return masked.unflatten(1, (-1, grid[-1])).repeat_interleave(side, 1).repeat_interleave(side, 2)
