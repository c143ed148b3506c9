"""Predictions compared with what was hidden: pixels, normalised pixels, histograms of gradients.

Letters in shapes: B images, C channels, T frames, H W pixels, U units, P target patches, n values
of a patch.
"""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from mmpretrain.models.selfsup import HOGGenerator
from torch import Tensor

from mmgreen.ops.layout import (
    cut_patches,
    film_strip,
    paste_patches,
    unroll,
)
from mmgreen.ops.masking import unit_grid, unit_indices
from mmgreen.ops.targets import (
    FLATTEN_ORDERS,
    flatten_patches,
    patch_statistics,
    squared_error,
    unflatten_patches,
)
from mmgreen.registry import MODELS

# What mmpretrain's generator of histograms of gradients is written for.
HOG_PATCH_SIZE, HOG_IMAGES, HOG_GRID = 16, (3, 224, 224), (14, 14)


@MODELS.register_module()
class MIMHead(BaseModule):
    """Compares predictions with the pixels that were hidden.

    Args:
        target: 'norm_pixel', each patch normalised by its own mean and deviation (MAE, section 4),
            'pixel', or 'hog', histograms of gradients by mmpretrain's generator (MaskFeat), which
            has images of 224x224 pixels, 3 channels and patches of 16 pixels: 108 values each.
        patch_size: pixels a side of a target patch.
        unit_size: pixels a side of a mask unit.
        order: how a patch is flattened, 'hwc' (GreenMIM, MAE) or 'chw'. Official decoders differ
            in it.
    """

    targets = ('norm_pixel', 'pixel', 'hog')

    def __init__(
        self,
        target: str = 'norm_pixel',
        patch_size: int = 32,
        unit_size: int = 32,
        order: str = 'hwc',
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        if target not in self.targets:
            raise ValueError(f'target must be one of {self.targets}, not {target!r}.')
        if order not in FLATTEN_ORDERS:
            raise ValueError(f'order must be one of {tuple(FLATTEN_ORDERS)}, not {order!r}.')
        if target == 'hog' and patch_size != HOG_PATCH_SIZE:
            raise ValueError(
                f"target='hog' needs patch_size={HOG_PATCH_SIZE}, not {patch_size}: mmpretrain's "
                'generator has no other.'
            )
        self.hog = HOGGenerator() if target == 'hog' else None
        self.target = target
        self.patch_size = patch_size
        self.unit_size = unit_size
        self.order = order

    def loss(self, pred: Tensor, images: Tensor, masked: Tensor) -> Tensor:
        """Scalar: mean squared error over the hidden patches of the batch."""
        return self.loss_per_image(pred, images, masked).mean()

    def loss_per_image(self, pred: Tensor, images: Tensor, masked: Tensor) -> Tensor:
        """Mean squared error over the hidden patches of each image.

        Args:
            pred: (B, P, n), unit order.
            images: (B, C, H, W) or clips (B, C, T, H, W), normalised.
            masked: (U,) or (B, U) bool on the CPU, True = hidden.

        Returns:
            (B,) float32.
        """
        images = film_strip(images)
        hidden = unit_indices(masked).to(images.device, non_blocking=True)
        by_unit = pred.unflatten(1, (masked.shape[-1], -1))
        if hidden.dim() == 1:
            guesses = by_unit.index_select(1, hidden)
        else:
            guesses = by_unit.gather(1, hidden[..., None, None].expand(-1, -1, *by_unit.shape[2:]))
        values = self._values(images, hidden)
        if self.target == 'norm_pixel':
            mean, deviation = patch_statistics(values)
            values = (values - mean) / deviation
        return squared_error(guesses.flatten(1, 2), values)

    def undo_target(self, pred: Tensor, images: Tensor) -> Tensor:
        """Predictions as images: the target's normalisation undone, patches put in their places.

        Args:
            pred: (B, P, n), unit order.
            images: (B, C, H, W), from which the statistics of each patch are taken; of clips the
                film strip.

        Returns:
            (B, C, H, W) float32.

        Raises:
            ValueError: if the target is 'hog', from which no pixels follow.
        """
        if self.target == 'hog':
            raise ValueError(
                "Histograms of gradients are no pixels, so there is no picture of target='hog'; "
                'pretrain with norm_pixel or pixel to see reconstructions.'
            )
        grid = unit_grid(*images.shape[-2:], self.unit_size)
        pred = pred.float()
        if self.target == 'norm_pixel':
            every = torch.arange(grid[0] * grid[1], device=images.device)
            mean, deviation = patch_statistics(self._values(images, every))
            pred = pred * deviation + mean
        return paste_patches(unflatten_patches(pred, self.order, images.shape[1]), grid)

    def _values(self, images: Tensor, units: Tensor) -> Tensor:
        """(B, patches, n) float32: the targets of the units, laid out as predictions are."""
        if self.hog is not None:
            return self._histograms(images, units)
        patches = cut_patches(images.float(), units, self.unit_size, self.patch_size)
        return flatten_patches(patches, self.order)

    def _histograms(self, images: Tensor, units: Tensor) -> Tensor:
        if tuple(images.shape[1:]) != HOG_IMAGES:
            raise ValueError(
                f"target='hog' takes images of shape {HOG_IMAGES}, which mmpretrain's generator is "
                f'written for, not {tuple(images.shape[1:])}.'
            )
        histograms = self.hog(images.float()).transpose(1, 2).unflatten(2, HOG_GRID)
        by_unit = unroll(histograms, self.unit_size // self.patch_size)
        if units.dim() == 1:
            return by_unit[:, units].flatten(1, 2)
        image = torch.arange(len(images), device=images.device)[:, None]
        return by_unit[image, units].flatten(1, 2)
