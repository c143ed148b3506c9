"""The baselines of the comparison: mmpretrain's SimMIM and MAE, as our tools want a pretraining.

Nets, decoders and losses are mmpretrain's. What is added draws SimMIM's masks in the model, gives a
loss for each image, and makes pictures, so that data, hooks and tools are those of our own models.

Letters in shapes: B images, C channels, H W pixels, U units, L patches of 16 pixels.
"""

from __future__ import annotations

import torch
from mmpretrain.models import selfsup
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen.models.reconstruction import PretrainingModel, Reconstruction
from mmgreen.ops.masking import UNIT_SIZE, draw_masked, masked_map, num_visible, unit_grid
from mmgreen.ops.targets import patch_statistics
from mmgreen.registry import MODELS


@MODELS.register_module()
class SimMIM(PretrainingModel, selfsup.SimMIM):
    """SimMIM (arXiv 2111.09886): the encoder sees the whole map, hidden patches as mask tokens.

    Each image has a mask of its own, drawn in the model and not by a transform.

    Args:
        backbone: mmpretrain's SimMIMSwinTransformer.
        neck: mmpretrain's SimMIMLinearDecoder.
        head: mmpretrain's SimMIMHead, its ``patch_size`` the pixels a side of a token.
        mask_ratio: fraction of the 32-pixel units to hide, in (0, 1).
        data_preprocessor, init_cfg: as for any model of mmpretrain.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        mask_ratio: float = 0.6,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(backbone, neck, head, data_preprocessor, init_cfg)
        self.mask_ratio = mask_ratio

    def loss(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> dict:
        """``{'loss': scalar}`` of (B, C, H, W), sides multiples of 32; no data sample is needed."""
        masked = self._draw_masked(inputs)
        return {'loss': self.head.loss(self._predict_pixels(inputs, masked), inputs, masked)}

    def loss_per_image(self, images: Tensor) -> Tensor:
        """See :meth:`PretrainingModel.loss_per_image`."""
        masked = self._draw_masked(images)
        predicted = self._predict_pixels(images, masked)
        return _one_by_one(self.head, predicted, images, masked)

    def reconstruct(self, images: Tensor) -> Reconstruction:
        """See :meth:`PretrainingModel.reconstruct`."""
        masked = self._draw_masked(images)
        pixels = masked_map(masked.flatten(1), masked.shape[1:], self.head.patch_size)
        return Reconstruction(images, pixels, self._predict_pixels(images, masked))

    def _draw_masked(self, images: Tensor) -> Tensor:
        """(B, h, w) bool on the device of the images: the hidden tokens."""
        grid = unit_grid(*images.shape[-2:], UNIT_SIZE)
        masked = draw_masked(grid[0] * grid[1], self.mask_ratio, len(images))
        tokens = masked_map(masked, grid, UNIT_SIZE // self.head.patch_size)
        return tokens.to(images.device, non_blocking=True)

    def _predict_pixels(self, images: Tensor, masked: Tensor) -> Tensor:
        """(B, C, H, W)."""
        return self.neck(self.backbone(images, masked)[0])


@MODELS.register_module()
class MAE(PretrainingModel, selfsup.MAE):
    """Masked autoencoding of a plain ViT (arXiv 2111.06377).

    Each image has a mask of its own, of 16-pixel patches, drawn by mmpretrain's backbone.

    Args:
        backbone: mmpretrain's MAEViT.
        neck: mmpretrain's MAEPretrainDecoder.
        head: mmpretrain's MAEPretrainHead.
        mask_ratio: fraction of the patches to hide, in (0, 1).
        data_preprocessor, init_cfg: as for any model of mmpretrain.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        mask_ratio: float = 0.75,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(backbone, neck, head, data_preprocessor, init_cfg)
        num_visible(self.backbone.num_patches, mask_ratio)  # refuses what hides all or nothing
        self.mask_ratio = self.backbone.mask_ratio = mask_ratio

    def loss(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> dict:
        """``{'loss': scalar}`` of (B, C, H, W) of the backbone's ``img_size``."""
        predicted, masked = self._predict_patches(inputs)
        return {'loss': self.head.loss(predicted, inputs, masked)}

    def loss_per_image(self, images: Tensor) -> Tensor:
        """See :meth:`PretrainingModel.loss_per_image`."""
        predicted, masked = self._predict_patches(images)
        return _one_by_one(self.head, predicted, images, masked)

    def reconstruct(self, images: Tensor) -> Reconstruction:
        """See :meth:`PretrainingModel.reconstruct`."""
        predicted, masked = self._predict_patches(images)
        if self.head.norm_pix:
            mean, deviation = patch_statistics(self.head.patchify(images.float()))
            predicted = predicted * deviation + mean
        grid = self.backbone.patch_resolution
        pixels = masked_map(masked.bool(), grid, self.head.patch_size)
        return Reconstruction(images, pixels, self.head.unpatchify(predicted))

    def _predict_patches(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L, n) predictions and (B, L) float masks, 1 = hidden."""
        grid, size = self.backbone.patch_resolution, self.head.patch_size
        if tuple(images.shape[-2:]) != (grid[0] * size, grid[1] * size):
            raise ValueError(
                f'The positions of this MAE are for images of {grid[0] * size}x{grid[1] * size} '
                f'pixels, not {images.shape[-2]}x{images.shape[-1]}; crop them, or set '
                'model.backbone.img_size.'
            )
        latent, masked, ids_restore = self.backbone(images)
        return self.neck(latent, ids_restore), masked


def _one_by_one(head: nn.Module, predicted: Tensor, images: Tensor, masked: Tensor) -> Tensor:
    """(B,): the loss of each image alone, for the hosts' heads average over the batch."""
    parts = zip(predicted.split(1), images.split(1), masked.split(1), strict=True)
    return torch.stack([head.loss(*part) for part in parts])
