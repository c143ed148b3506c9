"""Position tables of Hiera at another size, or of another kind.

A plain table has one row for each token of an image, (1, N, C). An absolute window table (arXiv
2311.05613) is the sum of a window's table, repeated, and a small one of the image, resized:
``pos_embed_window`` (1, C, 8, 8) and ``pos_embed`` (1, C, g, g). Either can start from the other.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmgreen.checkpoints.decoder import resize_positions
from mmgreen.checkpoints.tables import Resized, StateDict
from mmgreen.ops.positions import abs_win_table, interpolate_table

__all__ = ['fit_tables', 'split_table']

_IMAGE, _WINDOW, _CLIP = 'pos_embed', 'pos_embed_window', 'pos_embed_spatial'


def fit_tables(source: StateDict, target: StateDict) -> dict[str, Resized]:
    """A file's tables at the net's sizes and of its kind.

    Args:
        source: weights of the file, our names.
        target: the net's.

    Returns:
        The tables that differ and can be made to fit; those that cannot are left out.
    """
    if _IMAGE in source and _IMAGE in target:
        return _fit_image_tables(source, target)
    if _CLIP in source and _CLIP in target and source[_CLIP].shape != target[_CLIP].shape:
        return _interpolated(_CLIP, source[_CLIP], target[_CLIP])
    return {}


def _fit_image_tables(source: StateDict, target: StateDict) -> dict[str, Resized]:
    theirs, ours = source[_IMAGE], target[_IMAGE]
    if _WINDOW in source and _WINDOW in target:
        if theirs.shape == ours.shape or theirs.shape[1] != ours.shape[1]:
            return {}
        table = interpolate_table(theirs.float(), tuple(ours.shape[-2:]))
        return {_IMAGE: Resized(table.to(theirs.dtype), 'interpolated')}
    if _WINDOW in target:
        return _split(theirs, ours, target[_WINDOW])
    if _WINDOW in source:
        return _summed(theirs, source[_WINDOW], ours)
    return {} if theirs.shape == ours.shape else _interpolated(_IMAGE, theirs, ours)


def _interpolated(name: str, theirs: Tensor, ours: Tensor) -> dict[str, Resized]:
    side = math.isqrt(ours.shape[1])
    table = resize_positions(theirs, (side, side)) if theirs.dim() == 3 else None
    if table is None or table.shape != ours.shape:
        return {}
    return {name: Resized(table, 'interpolated')}


def _split(plain: Tensor, image: Tensor, window: Tensor) -> dict[str, Resized]:
    side = math.isqrt(plain.shape[1])
    if side**2 != plain.shape[1] or side % window.shape[-1] or plain.shape[2] != image.shape[1]:
        return {}
    maps = plain.transpose(1, 2).unflatten(2, (side, side)).float()
    over_image, over_window = split_table(maps, image.shape[-1], window.shape[-1])
    rest = maps - abs_win_table(over_image, over_window, (side, side))
    percent = 100 * rest.norm() / maps.norm()
    how = f'split in one of the image and one of a window, {percent:.1f} % off at {4 * side} px'
    return {
        _IMAGE: Resized(over_image.to(plain.dtype), how),
        _WINDOW: Resized(over_window.to(plain.dtype), how),
    }


def _summed(image: Tensor, window: Tensor, plain: Tensor) -> dict[str, Resized]:
    side = math.isqrt(plain.shape[1])
    if side**2 != plain.shape[1] or image.shape[1] != plain.shape[2]:
        return {}
    table = abs_win_table(image.float(), window.float(), (side, side))
    return {_IMAGE: Resized(table.flatten(2).transpose(1, 2).to(image.dtype), 'both tables added')}


def split_table(table: Tensor, image_side: int, window_side: int) -> tuple[Tensor, Tensor]:
    """The two tables whose sum is nearest to a plain one, by least squares.

    What both could hold, the mean, is the image's: a window's table has mean zero.

    Args:
        table: (1, C, h, w), h and w multiples of ``window_side``.
        image_side: g, rows and columns of the table of the image.
        window_side: n, those of the table of a window.

    Returns:
        (1, C, g, g) and (1, C, n, n) float32.
    """
    size = tuple(table.shape[-2:])
    counts = (image_side**2, window_side**2)
    # A column for each number of the two tables: the map that it makes alone.
    units = torch.eye(sum(counts), dtype=torch.float64)[:, :, None, None]
    images = units[:, : counts[0]].reshape(-1, 1, image_side, image_side)
    windows = units[:, counts[0] :].reshape(-1, 1, window_side, window_side)
    maps = abs_win_table(images, windows, size).flatten(1).T
    wanted = table[0].double().flatten(1).T
    # The constant is in both; the least solution shares it, and then all of it goes to the image.
    solution = torch.linalg.lstsq(maps, wanted, driver='gelsd').solution
    over_image, over_window = solution.T.split(counts, dim=1)
    mean = over_window.mean(1, keepdim=True)
    over_image = (over_image + mean).reshape(1, -1, image_side, image_side)
    over_window = (over_window - mean).reshape(1, -1, window_side, window_side)
    return over_image.float(), over_window.float()
