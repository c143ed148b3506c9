"""Orders in which the tokens of an image are stored.

Raster order goes row by row. *Unit order* keeps the T tokens of a mask unit together, unit
outermost, and inside a unit in Z-order: base-4 digits, the most significant the place in the
coarsest 2x2, the least significant in the finest, each (0,0), (0,1), (1,0), (1,1) by (row, column).
So tokens 4k..4k+3 are one 2x2 neighbourhood, and halving the resolution is a ``view``.

Letters in shapes: B images, C channels, H W pixels or tokens, U units, n chosen units, T tokens in
a unit, p pixels per side of a patch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmgreen.errors import InputError
from mmgreen.ops.choices import index_units

FRAMES_PER_TOKEN = 2


def _levels(side: int) -> int:
    """How often ``side`` can be halved.

    Raises:
        ValueError: if ``side`` is not a power of two.
    """
    if side < 1 or side & (side - 1):
        raise InputError(f'A unit has a power of two tokens a side, not {side}.')
    return side.bit_length() - 1


def unroll(maps: Tensor, side: int) -> Tensor:
    """Raster maps to unit order.

    Args:
        maps: (B, C, H, W), H and W multiples of ``side``.
        side: tokens a side of a unit, a power of two; ``T = side * side``.

    Returns:
        (B, U, T, C).
    """
    batch, channels, height, width = maps.shape
    levels = _levels(side)
    twos = [2] * levels
    split = maps.reshape(batch, channels, height // side, *twos, width // side, *twos)
    rows, columns = 2, 3 + levels
    digits = [axis + 1 + level for level in range(levels) for axis in (rows, columns)]
    return split.permute(0, rows, columns, *digits, 1).reshape(
        batch, (height // side) * (width // side), side * side, channels
    )


def reroll(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """The inverse of :func:`unroll`.

    Args:
        tokens: (B, U, T, C), T a power of four.
        grid: rows and columns of units, ``U = grid[0] * grid[1]``.

    Returns:
        (B, C, H, W) with ``H = grid[0] * sqrt(T)`` and ``W = grid[1] * sqrt(T)``.
    """
    batch, _, count, channels = tokens.shape
    side = round(count**0.5)
    levels = _levels(side)
    split = tokens.reshape(batch, *grid, *([2, 2] * levels), channels)
    rows = [1, *range(3, 3 + 2 * levels, 2)]
    columns = [2, *range(4, 4 + 2 * levels, 2)]
    return split.permute(0, 3 + 2 * levels, *rows, *columns).reshape(
        batch, channels, grid[0] * side, grid[1] * side
    )


def cut_windows(tokens: Tensor, window: tuple[int, int], by_neighbourhood: bool = False) -> Tensor:
    """Maps to windows, zero-padded at the bottom and right to whole ones.

    Args:
        tokens: (B, H, W, C).
        window: rows and columns of a window.
        by_neighbourhood: inside a window, 2x2 neighbourhoods in raster order, each four tokens in a
            row; else all tokens in raster order.

    Returns:
        (B, windows, tokens of a window, C), windows in raster order.
    """
    rows, columns = window
    tokens = F.pad(tokens, (0, 0, 0, -tokens.shape[2] % columns, 0, -tokens.shape[1] % rows))
    if by_neighbourhood:
        split = tokens.unflatten(2, (-1, columns // 2, 2)).unflatten(1, (-1, rows // 2, 2))
        return split.permute(0, 1, 4, 2, 5, 3, 6, 7).flatten(3, 6).flatten(1, 2)
    split = tokens.unflatten(2, (-1, columns)).unflatten(1, (-1, rows))
    return split.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def paste_windows(windows: Tensor, window: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Maps from their windows, tokens in raster order, without the padding.

    Args:
        windows: (B, windows, tokens of a window, C).
        window: rows and columns of a window.
        size: (H, W) of the map.

    Returns:
        (B, H, W, C).
    """
    grid = [-(-side // of_window) for side, of_window in zip(size, window, strict=True)]
    split = windows.unflatten(2, window).unflatten(1, grid)
    tokens = split.transpose(2, 3).flatten(3, 4).flatten(1, 2)
    return tokens[:, : size[0], : size[1]]


def z_order(side: int) -> Tensor:
    """(T, 2) int64 on the CPU: row and column in its unit of each token, in Z-order."""
    axis = torch.arange(side, device='cpu')
    rows, columns = torch.meshgrid(axis, axis, indexing='ij')
    return unroll(torch.stack([rows, columns])[None], side)[0, 0]


def unit_coords(units: Tensor, columns: int, places: Tensor) -> Tensor:
    """Row and column, in tokens of the whole image, of every token of the chosen units.

    Args:
        units: (n,) int64, positions of units in raster order.
        columns: units in a row of the image.
        places: (T, 2) int64, row and column of each token in its unit, from :func:`z_order`.

    Returns:
        (n * T, 2) int64, in unit order.
    """
    side = round(len(places) ** 0.5)
    corners = torch.stack([units // columns, units % columns], dim=-1) * side
    return (corners[:, None] + places).flatten(0, 1)


def coarser_coords(coords: Tensor) -> Tensor:
    """(V, 2) in unit order to (V / 4, 2): the same units at half the resolution."""
    return coords[::4] // 2


def film_strip(images: Tensor) -> Tensor:
    """Clips as images: their frames one below the other, of each token in time only the first.

    Units of a clip are numbered with time outermost, and so are those of its strip.

    Args:
        images: (B, C, H, W), returned as they are, or clips (B, C, T, H, W).

    Returns:
        (B, C, H, W), or (B, C, T / 2 * H, W).
    """
    return images if images.dim() == 4 else images[:, :, ::FRAMES_PER_TOKEN].flatten(2, 3)


def cut_patches(images: Tensor, units: Tensor, unit_size: int, patch_size: int) -> Tensor:
    """The pixels of the chosen units, cut into square patches; other pixels are never read.

    Args:
        images: (B, C, H, W), H and W multiples of ``unit_size``.
        units: (n,) int64 for all images, or (B, n), on the device of ``images``.
        unit_size: pixels a side of a unit.
        patch_size: p, pixels a side of a patch; ``unit_size / p`` is a power of two.

    Returns:
        (B, n * T, C, p, p), patches in unit order.
    """
    batch, channels, height, width = images.shape
    rows, columns = height // unit_size, width // unit_size
    by_unit = images.view(batch, channels, rows, unit_size, columns, unit_size)
    by_unit = by_unit.permute(0, 2, 4, 1, 3, 5)
    chosen = by_unit[index_units(units, (rows, columns), batch)]
    side = unit_size // patch_size
    patches = chosen.reshape(batch * units.shape[-1], channels, side, patch_size, side, patch_size)
    patches = patches.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)
    return unroll(patches, side).reshape(batch, -1, channels, patch_size, patch_size)


def paste_patches(patches: Tensor, grid: tuple[int, int]) -> Tensor:
    """Images from the patches of all their units: undoes :func:`cut_patches`.

    Args:
        patches: (B, U * T, C, p, p) in unit order.
        grid: rows and columns of units.

    Returns:
        (B, C, H, W).
    """
    batch, _, channels, patch_size, _ = patches.shape
    maps = reroll(patches.reshape(batch, grid[0] * grid[1], -1, channels * patch_size**2), grid)
    height, width = maps.shape[-2:]
    pixels = maps.view(batch, channels, patch_size, patch_size, height, width)
    return pixels.permute(0, 1, 4, 2, 5, 3).reshape(
        batch, channels, height * patch_size, width * patch_size
    )
