"""What a decoder has to predict, and how far it is off.

Letters in shapes: B images, P patches, C channels, p pixels per side of a patch.
"""

from __future__ import annotations

import torch
from torch import Tensor

FLATTEN_ORDERS = {'hwc': (0, 1, 3, 4, 2), 'chw': (0, 1, 2, 3, 4)}
NORM_EPS = 1e-6


def flatten_patches(patches: Tensor, order: str) -> Tensor:
    """(B, P, C, p, p) to (B, P, p * p * C).

    Args:
        patches: pixels.
        order: 'hwc', each patch as row, column, colour (MAE, GreenMIM), or 'chw', as colour, row,
            column (Hiera on images).
    """
    return patches.permute(FLATTEN_ORDERS[order]).flatten(2)


def unflatten_patches(values: Tensor, order: str, channels: int) -> Tensor:
    """The inverse of :func:`flatten_patches`."""
    side = round((values.shape[-1] / channels) ** 0.5)
    if order == 'chw':
        return values.unflatten(-1, (channels, side, side))
    return values.unflatten(-1, (side, side, channels)).permute(0, 1, 4, 2, 3)


def patch_statistics(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each patch over all its pixels and channels (MAE, section 4).

    Args:
        values: (B, P, n) float32.

    Returns:
        Two of (B, P, 1); the variance is the unbiased one plus 1e-6, as in MAE's code.
    """
    variance, mean = torch.var_mean(values, dim=-1, keepdim=True)
    return mean, (variance + NORM_EPS).sqrt()


def squared_error(pred: Tensor, target: Tensor) -> Tensor:
    """(B,) float32: mean squared error of each image over its patches and their values."""
    return (pred.float() - target.float()).square().mean(dim=(1, 2))
