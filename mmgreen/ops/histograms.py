"""Histograms of oriented gradients, as MaskFeat predicts them (arXiv 2112.09133).

Letters in shapes: B images, C channels, H W pixels, P patches.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmgreen.errors import InputError

NUM_BINS = 9
CELL = 8  # pixels a side of what one histogram counts
HOG_PATCH = 16  # pixels a side: 2x2 cells, and the Gaussian that weighs pixels repeats with it


def histograms_of_gradients(images: Tensor) -> Tensor:
    """Directions of gradients in cells of 8x8 pixels, by weight of length.

    Those of mmpretrain's HOGGenerator, at any size. Directions are signed, in nine bins over the
    circle. Pixels are weighed by a Gaussian around the centre of their patch of 16 pixels, and each
    histogram is normalised by its own length.

    Args:
        images: (B, C, H, W), H and W multiples of 16.

    Returns:
        (B, C * 9 * 4, H / 16, W / 16) float32: colour, then direction, then the place of the cell
        in its patch, row by row.

    Raises:
        ValueError: if the sides are no multiples of 16.
    """
    batch, channels, height, width = images.shape
    if height % HOG_PATCH or width % HOG_PATCH:
        raise InputError(
            f'Histograms of gradients need sides that are multiples of {HOG_PATCH} pixels, not '
            f'{height}x{width}; resize or crop the images.'
        )
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
        across, along = _gradients(images.float())
        length = torch.stack([across, along], dim=-1).norm(dim=-1)
        bins = (torch.atan2(across, along) / math.pi * NUM_BINS).floor().long() % NUM_BINS
        length = length * _gaussian(images.device).repeat(height // HOG_PATCH, width // HOG_PATCH)
        spread = length.new_zeros(batch, channels, NUM_BINS, height, width)
        spread.scatter_add_(2, bins[:, :, None], length[:, :, None])
        cells = spread.unflatten(4, (-1, CELL)).unflatten(3, (-1, CELL)).sum((4, 6))
        cells = F.normalize(cells, dim=2).flatten(1, 2)
        side = HOG_PATCH // CELL
        by_patch = cells.unflatten(3, (-1, side)).unflatten(2, (-1, side))
        return by_patch.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)


def _gradients(images: Tensor) -> tuple[Tensor, Tensor]:
    """Two of (B, C, H, W), by Sobel's filters as the generator names them: x, then y."""
    channels = images.shape[1]
    sobel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]], device='cpu')
    sobel = sobel.to(images.device, non_blocking=True)
    padded = F.pad(images, (1, 1, 1, 1), mode='reflect')
    filters = (each.expand(channels, 1, 3, 3) for each in (sobel, sobel.T))
    first, second = (F.conv2d(padded, each, groups=channels) for each in filters)
    return first, second


def _gaussian(device: torch.device) -> Tensor:
    """(16, 16), its deviation half its side, its sum 1."""
    places = torch.arange(HOG_PATCH, device=device).float()
    line = torch.exp(-0.5 * ((places - places.mean()) / (HOG_PATCH // 2)) ** 2)
    square = line[:, None] * line
    return square / square.sum()
