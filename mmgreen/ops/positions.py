"""Where a token is: sin-cos tables and relative offsets.

Letters in shapes: h w rows and columns of tokens, D channels, G groups, S tokens in a group.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmgreen.errors import InputError


def sincos_table(dim: int, grid: tuple[int, int]) -> Tensor:
    """The fixed two-dimensional table of MAE and GreenMIM.

    The first half of the channels tells the column, the second half the row; each half holds
    sines, then cosines, of the position times ``10000 ** (-i / (dim / 4))``.

    Args:
        dim: D, a multiple of four.
        grid: (h, w).

    Returns:
        (h * w, D) float32 in raster order.

    Raises:
        ValueError: if ``dim`` is not a multiple of four.
    """
    if dim % 4:
        raise InputError(f'A sin-cos position table needs a multiple of 4 channels, not {dim}.')
    quarter = dim // 4
    frequencies = 10000 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    rows, columns = torch.meshgrid(
        *(torch.arange(count, dtype=torch.float64) for count in grid), indexing='ij'
    )
    angles = [axis.reshape(-1, 1) * frequencies for axis in (columns, rows)]
    parts = [f(angle) for angle in angles for f in (torch.sin, torch.cos)]
    return torch.cat(parts, dim=1).float()


def interpolate_table(table: Tensor, size: tuple[int, int]) -> Tensor:
    """A learned table at another size, bicubic as usual with ViTs.

    Args:
        table: (1, D, h, w).
        size: rows and columns wanted.

    Returns:
        (1, D, *size).
    """
    if tuple(table.shape[-2:]) == tuple(size):
        return table
    return F.interpolate(table, size, mode='bicubic')


def tile_table(table: Tensor, size: tuple[int, int]) -> Tensor:
    """(1, D, h, w) repeated, and cut, to (1, D, *size)."""
    repeats = [-(-side // own) for side, own in zip(size, table.shape[-2:], strict=True)]
    return table.tile(repeats)[..., : size[0], : size[1]]


def abs_win_table(over_image: Tensor, over_window: Tensor, size: tuple[int, int]) -> Tensor:
    """The absolute window table of "Window Attention is Bugged" (arXiv 2311.05613), as in SAM 2.

    Args:
        over_image: (1, D, g, g), resized to the map.
        over_window: (1, D, n, n), repeated over it.
        size: rows and columns of the map.

    Returns:
        (1, D, *size), their sum.
    """
    return interpolate_table(over_image, size) + tile_table(over_window, size)


def relative_position_index(coords: Tensor, window: int) -> Tensor:
    """Row of a ``(2 * window - 1)**2`` bias table for each pair of tokens (Swin, section 3.2).

    Args:
        coords: (..., S, 2) integer row and column of each token; only differences matter.
        window: tokens a side of the window that the table was made for.

    Returns:
        (..., S, S) of the dtype of ``coords``; [i, j] stands for ``coords[i] - coords[j]``. Pairs
        further apart than the window give numbers without meaning.
    """
    width = 2 * window - 1
    flat = coords[..., 0] * width + coords[..., 1]
    return flat[..., :, None] - flat[..., None, :] + (window - 1) * (width + 1)


def bias_row_index(coords: Tensor, attend: Tensor | None, window: int) -> Tensor:
    """Row of a bias table for each pair of slots; one past the last row = may not attend.

    Args:
        coords: (G, S, 2) int64, row and column of the token in each slot.
        attend: (G, S, S) bool, True = may attend; None if all may.
        window: tokens a side of the window that the table was made for. A window that was cut uses
            the table's middle.

    Returns:
        (G, S, S) int64.
    """
    index = relative_position_index(coords, window)
    if attend is None:
        return index
    return index.where(attend, (2 * window - 1) ** 2)


def square_coords(side: int, device: torch.device | None = None) -> Tensor:
    """(side * side, 2) int64: row and column of each place of a square, in raster order."""
    axis = torch.arange(side, device=device)
    return torch.cartesian_prod(axis, axis)
