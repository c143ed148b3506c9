"""The baselines of the comparison: mmpretrain's SimMIM and MAE, as our tools want a pretraining.

Nets, decoders and losses are mmpretrain's. What is added draws SimMIM's masks in the model, gives a
loss for each image, and makes pictures, so that data, hooks and tools are those of our own models.

Letters in shapes: B images, C channels, H W pixels, h w rows and columns of tokens, L patches of 16
pixels, n values of a patch.
"""

from __future__ import annotations

import torch
from mmpretrain.models import selfsup
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.nn import functional

from mmgreen.errors import InputError
from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.models.pretraining_model import PretrainingModel, Reconstruction
from mmgreen.ops.masking import UNIT_SIZE, draw_masked, masked_map, num_visible, unit_grid
from mmgreen.ops.targets import patch_statistics
from mmgreen.registry import MODELS


class Baseline(PretrainingModel):
    """An algorithm of mmpretrain, whose head compares predictions and images by itself."""

    def loss(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> dict:
        """``{'loss': scalar}`` of normalised images (B, C, H, W); no data sample is needed."""
        predicted, masked = self.predict_masked(inputs)
        return {'loss': self.head.loss(predicted, inputs, masked)}

    def errors_per_image(
        self, images: Tensor, data_samples: list[DataSample] | None = None
    ) -> HiddenErrors:
        """See :meth:`PretrainingModel.errors_per_image`; data samples bring nothing."""
        predicted, masked = self.predict_masked(images)
        predictions = (predicted, *self.predict_nothing(images))
        return HiddenErrors(*(self._losses(each, images, masked) for each in predictions))

    def _losses(self, predicted: Tensor, images: Tensor, masked: Tensor) -> Tensor:
        """(B,), one by one, for the hosts' heads average over the batch."""
        parts = zip(predicted.split(1), images.split(1), masked.split(1), strict=True)
        return torch.stack([self.head.loss(*part) for part in parts])

    def predict_nothing(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What would be predicted knowing the tint of each patch, and the mean of all images."""
        raise NotImplementedError

    def predict_masked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Predictions, and the masks drawn for them, as the head takes them."""
        raise NotImplementedError


@MODELS.register_module()
class SimMIM(Baseline, selfsup.SimMIM):
    """SimMIM (arXiv 2111.09886): the encoder sees the whole map, hidden patches as mask tokens.

    Each image has a mask of its own, drawn in the model and not by a transform.

    Args:
        backbone: mmpretrain's SimMIMSwinTransformer.
        neck: mmpretrain's SimMIMLinearDecoder.
        head: mmpretrain's SimMIMHead, its ``patch_size`` the pixels a side of a token.
        mask_ratio: fraction of the 32-pixel units to hide, in (0, 1); 0.6 in the paper.
        data_preprocessor, init_cfg: as for any model of mmpretrain.
    """

    def predict_masked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) predictions, sides multiples of 32, and (B, h, w) bool, True = hidden."""
        grid = unit_grid(*images.shape[-2:], UNIT_SIZE)
        hidden_units = draw_masked(grid[0] * grid[1], self.mask_ratio, len(images))
        masked = masked_map(hidden_units, grid, UNIT_SIZE // self.head.patch_size)
        masked = masked.to(images.device, non_blocking=True)
        return self.neck(self.backbone(images, masked)[0]), masked

    def predict_nothing(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Baseline.predict_nothing`; a patch is a unit of 32 pixels."""
        tints = functional.avg_pool2d(images, UNIT_SIZE)
        tints = tints.repeat_interleave(UNIT_SIZE, -1).repeat_interleave(UNIT_SIZE, -2)
        return tints, images.mean((0, 2, 3), keepdim=True).expand_as(images)

    def reconstruct(self, images: Tensor) -> Reconstruction:
        """See :meth:`PretrainingModel.reconstruct`."""
        predicted, masked = self.predict_masked(images)
        pixels = masked_map(masked.flatten(1), masked.shape[1:], self.head.patch_size)
        return Reconstruction(images, pixels, predicted)


@MODELS.register_module()
class MAE(Baseline, selfsup.MAE):
    """Masked autoencoding of a plain ViT (arXiv 2111.06377).

    Each image has a mask of its own, of 16-pixel patches, drawn by mmpretrain's backbone.

    Args:
        backbone: mmpretrain's MAEViT.
        neck: mmpretrain's MAEPretrainDecoder.
        head: mmpretrain's MAEPretrainHead.
        mask_ratio: fraction of the patches to hide, in (0, 1), whatever the backbone's own says;
            0.75 in the paper.
        data_preprocessor, init_cfg: as for any model of mmpretrain.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        num_visible(self.backbone.num_patches, self.mask_ratio)  # refuses what hides all or nothing
        self.backbone.mask_ratio = self.mask_ratio

    def predict_masked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L, n) predictions and (B, L) float masks, 1 = hidden.

        Raises:
            ValueError: if the images are not of the backbone's ``img_size``.
        """
        grid, size = self.backbone.patch_resolution, self.head.patch_size
        if tuple(images.shape[-2:]) != (grid[0] * size, grid[1] * size):
            raise InputError(
                f'The positions of this MAE are for images of {grid[0] * size}x{grid[1] * size} '
                f'pixels, not {images.shape[-2]}x{images.shape[-1]}; crop them, or set '
                'model.backbone.img_size.'
            )
        latent, masked, ids_restore = self.backbone(images)
        return self.neck(latent, ids_restore), masked

    def predict_nothing(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Baseline.predict_nothing`."""
        values = self.head.construct_target(images)
        pixels = values.unflatten(-1, (-1, images.shape[1]))  # each patch as row, column, colour
        tints = pixels.mean(2, keepdim=True).expand_as(pixels).flatten(2)
        return tints, values.mean((0, 1)).expand_as(values)

    def reconstruct(self, images: Tensor) -> Reconstruction:
        """See :meth:`PretrainingModel.reconstruct`."""
        predicted, masked = self.predict_masked(images)
        if self.head.norm_pix:
            mean, deviation = patch_statistics(self.head.patchify(images.float()))
            predicted = predicted * deviation + mean
        grid = self.backbone.patch_resolution
        pixels = masked_map(masked.bool(), grid, self.head.patch_size)
        return Reconstruction(images, pixels, self.head.unpatchify(predicted))
