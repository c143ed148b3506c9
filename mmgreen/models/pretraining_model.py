"""What the tools ask of every pretraining model, ours or a baseline: errors by image, and pictures.

Letters in shapes: B images, C channels, H W pixels.
"""

from __future__ import annotations

from typing import NamedTuple

from mmpretrain.models.selfsup import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.ops.masking import check_mask_ratio


class Reconstruction(NamedTuple):
    """What a picture of a reconstruction needs, in the normalised space of the input images."""

    images: Tensor
    """(B, C, H, W): what went in; of clips the film strip."""
    masked: Tensor
    """(B, H, W) bool, True = hidden."""
    predicted: Tensor
    """(B, C, H, W): what the decoder says of every patch, visible ones included."""


class PretrainingModel(BaseSelfSupervisor):
    """mmpretrain's base of self-supervised algorithms, with a mode 'predict' and reconstructions.

    Args:
        backbone, neck, head: as for mmpretrain's algorithms.
        mask_ratio: fraction of the units to hide, in (0, 1).
        data_preprocessor: mmpretrain's SelfSupDataPreprocessor, unless the config names another.
        init_cfg: as for any model of mmengine.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        mask_ratio: float,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        check_mask_ratio(mask_ratio)
        if not isinstance(data_preprocessor, nn.Module):
            # mmpretrain's default is a short name, which other packages' scopes do not find.
            usual = {'type': 'mmpretrain.SelfSupDataPreprocessor'}
            data_preprocessor = {**usual, **(data_preprocessor or {})}
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.mask_ratio = mask_ratio

    def forward(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor'
    ) -> Tensor | tuple | dict | list[DataSample]:
        """Features ('tensor'), losses ('loss'), or data samples with a loss each ('predict')."""
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return super().forward(inputs, data_samples, mode)

    def predict(self, inputs: Tensor, data_samples: list[DataSample]) -> list[DataSample]:
        """The data samples, each with the errors of its image, 0-d tensors.

        ``reconstruction_loss``, ``patch_mean_error`` and ``mean_error`` are those of
        :class:`~mmgreen.models.hidden_errors.HiddenErrors`.
        """
        errors = zip(*self.errors_per_image(inputs), strict=True)
        for sample, (loss, patch_mean, mean) in zip(data_samples, errors, strict=True):
            sample.set_field(loss, 'reconstruction_loss')
            sample.set_field(patch_mean, 'patch_mean_error')
            sample.set_field(mean, 'mean_error')
        return data_samples

    def errors_per_image(
        self, images: Tensor, data_samples: list[DataSample] | None = None
    ) -> HiddenErrors:
        """The loss of each image and what ignorance would cost, with masks drawn anew.

        Args:
            images: (B, C, H, W), normalised.
            data_samples: may bring masks of their own.
        """
        raise NotImplementedError

    def reconstruct(self, images: Tensor) -> Reconstruction:
        """What the model makes of masked images, (B, C, H, W) normalised; masks are drawn anew."""
        raise NotImplementedError
