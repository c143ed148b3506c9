"""Masked image modelling: one algorithm for every backbone that has ``forward_visible``.

Images may be clips, (B, C, T, H, W) for a video Hiera: what is predicted of them is the first frame
of each two, and pictures show these frames one below the other.

Letters in shapes: B images, C channels, T frames, H W pixels, U units, P target patches, n values
of a patch.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmpretrain.models.selfsup import HOGGenerator
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen.models.reconstruction import PretrainingModel, Reconstruction
from mmgreen.models.start import StartsFromCheckpoint
from mmgreen.nets.decoder import MaskedDecoder
from mmgreen.ops.layout import (
    FRAMES_PER_TOKEN,
    cut_patches,
    film_strip,
    paste_patches,
    unroll,
)
from mmgreen.ops.masking import check_masked, draw_masked, masked_map, unit_grid, unit_indices
from mmgreen.ops.targets import (
    FLATTEN_ORDERS,
    flatten_patches,
    patch_statistics,
    squared_error,
    unflatten_patches,
)
from mmgreen.planning import planned_masks
from mmgreen.registry import MODELS

# What mmpretrain's generator of histograms of gradients is written for.
HOG_PATCH_SIZE, HOG_IMAGES, HOG_GRID = 16, (3, 224, 224), (14, 14)


@MODELS.register_module()
class MIMDecoder(MaskedDecoder, BaseModule):
    """The decoder as a neck; arguments are those of :class:`mmgreen.nets.decoder.MaskedDecoder`."""

    def __init__(
        self,
        in_channels: int | Sequence[int],
        embed_dim: int = 512,
        depth: int = 1,
        num_heads: int = 16,
        img_size: int | tuple[int, ...] = 224,
        unit_size: int = 32,
        patch_size: int = 32,
        image_channels: int = 3,
        pos_embed: str = 'sincos',
        norm_eps: float = 1e-6,
        fused_stages: Sequence[int] | None = None,
        num_targets: int | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(
            in_channels=in_channels,
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            img_size=img_size,
            unit_size=unit_size,
            patch_size=patch_size,
            image_channels=image_channels,
            pos_embed=pos_embed,
            norm_eps=norm_eps,
            fused_stages=fused_stages,
            num_targets=num_targets,
        )
        self.init_cfg = copy.deepcopy(init_cfg)


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


@MODELS.register_module()
class MaskedAutoencoder(StartsFromCheckpoint, PretrainingModel):
    """Masked image modelling on what is visible: GreenMIM, and any method of the same three parts.

    Which units are hidden is drawn from torch's default generator: seed it, and masks repeat. In a
    runner the hook ``mmgreen.SeedEachStep`` does so from seed, rank and step.

    Args:
        backbone: has ``unit_size`` and ``forward_visible(images, masked)``.
        neck: predicts patches, ``neck(stages, masked)``.
        head: has ``loss``, ``loss_per_image`` and ``undo_target``.
        mask_ratio: fraction of the units to hide, in (0, 1).
        shared_mask: one choice for all images of a batch (GreenMIM), or one for each.
        data_preprocessor: mmpretrain's SelfSupDataPreprocessor by default.
        init_cfg: ``dict(type='Pretrained', checkpoint=PATH)`` starts encoder and decoder from an
            earlier pretraining; for the encoder alone use the backbone's.
    """

    checkpoint_part = 'model'

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        mask_ratio: float = 0.75,
        shared_mask: bool = True,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(backbone, neck, head, mask_ratio, data_preprocessor, init_cfg)
        self.shared_mask = shared_mask

    def loss(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> dict:
        """One training step.

        Args:
            inputs: (B, C, H, W) or clips (B, C, T, H, W), normalised.
            data_samples: the first may hold what a worker of the data loader has planned.

        Returns:
            ``{'loss': scalar}``.
        """
        planned = planned_masks(data_samples)
        if planned is None:
            masked = self.draw_masked(inputs)
            stages = self.backbone.forward_visible(inputs, masked)
        else:
            masked = planned.masked
            stages = self.backbone.encode_visible(inputs, planned.plan)
        pred = self.neck(stages, masked)
        return {'loss': self.head.loss(pred, inputs, masked)}

    def loss_per_image(self, images: Tensor) -> Tensor:
        """See :meth:`PretrainingModel.loss_per_image`."""
        masked = self.draw_masked(images)
        pred = self.neck(self.backbone.forward_visible(images, masked), masked)
        return self.head.loss_per_image(pred, images, masked)

    def draw_masked(self, images: Tensor) -> Tensor:
        """(U,) or (B, U) bool on the CPU, True = hidden: a choice for these images."""
        rows, columns = self._unit_grid(images)
        num_images = None if self.shared_mask else len(images)
        return draw_masked(rows * columns, self.mask_ratio, num_images)

    def _unit_grid(self, images: Tensor) -> tuple[int, int]:
        """Rows and columns of mask units, those of a clip's frames one below the other."""
        rows, columns = unit_grid(*images.shape[-2:], self.backbone.unit_size)
        return rows * (images.shape[2] // FRAMES_PER_TOKEN if images.dim() == 5 else 1), columns

    def reconstruct(self, images: Tensor, masked: Tensor | None = None) -> Reconstruction:
        """What the model makes of masked images.

        Args:
            images: (B, C, H, W) or clips (B, C, T, H, W), normalised.
            masked: (U,) or (B, U) bool, True = hidden; drawn if None.
        """
        grid = self._unit_grid(images)
        masked = self.draw_masked(images) if masked is None else masked
        masked = check_masked(masked, grid, len(images))
        pred = self.neck(self.backbone.forward_visible(images, masked), masked)
        pixels = masked_map(masked.expand(len(images), -1), grid, self.backbone.unit_size)
        strip = film_strip(images)
        return Reconstruction(strip, pixels.to(images.device), self.head.undo_target(pred, strip))
