"""Masked image modelling: one algorithm for every backbone that meets the contract of ``nets``.

Images may be clips, (B, C, T, H, W) for a video Hiera: what is predicted of them is the first frame
of each two, and pictures show these frames one below the other.

Letters in shapes: B images, C channels, T frames, H W pixels, U units.
"""

from __future__ import annotations

from math import prod

from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen.errors import InputError
from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.models.init_from_checkpoint import StartsFromCheckpoint
from mmgreen.models.planned_batch import PlannedBatch
from mmgreen.models.pretraining_model import PretrainingModel, Reconstruction
from mmgreen.nets.contract import VisibleEncoder
from mmgreen.ops.layout import film_strip
from mmgreen.ops.masking import check_masked, draw_masked, masked_map
from mmgreen.registry import MODELS


@MODELS.register_module()
class MaskedAutoencoder(StartsFromCheckpoint, PretrainingModel):
    """Masked image modelling on what is visible: GreenMIM, and any method of the same three parts.

    Which units are hidden is drawn from torch's default generator: seed it, and masks repeat. In a
    runner the hook ``mmgreen.SeedEachStep`` does so from seed, rank and step.

    Args:
        backbone: a :class:`mmgreen.nets.contract.VisibleEncoder`; docs/add_a_backbone.md adds one.
        neck: predicts patches, ``neck(stages, masked)``, as many values of each as the target has.
        head: a :class:`mmgreen.models.MIMHead`.
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
        if isinstance(head, dict):
            head = MODELS.build(head)
        neck = _fit_to_target(neck, head)
        super().__init__(backbone, neck, head, mask_ratio, data_preprocessor, init_cfg)
        if not isinstance(self.backbone, VisibleEncoder):
            raise InputError(
                f'{type(self.backbone).__name__} cannot be pretrained on what is visible, because '
                'it is no mmgreen.nets.contract.VisibleEncoder; take mmgreen.GreenSwin, '
                'mmgreen.GreenTwins or mmgreen.Hiera, or add its methods as '
                'docs/add_a_backbone.md shows.'
            )
        self.shared_mask = shared_mask

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample] | PlannedBatch | None = None
    ) -> dict:
        """One training step.

        Args:
            inputs: (B, C, H, W) or clips (B, C, T, H, W), normalised.
            data_samples: a :class:`PlannedBatch` brings the masks and their plan, else masks are
                drawn and planned here.

        Returns:
            ``{'loss': scalar}``.
        """
        pred, masked = self._predict_hidden(inputs, data_samples)
        return {'loss': self.head.loss(pred, inputs, masked)}

    def errors_per_image(
        self, images: Tensor, data_samples: list[DataSample] | PlannedBatch | None = None
    ) -> HiddenErrors:
        """See :meth:`PretrainingModel.errors_per_image`; a :class:`PlannedBatch` brings masks."""
        pred, masked = self._predict_hidden(images, data_samples)
        return self.head.errors_per_image(pred, images, masked)

    def _predict_hidden(
        self, images: Tensor, data_samples: list[DataSample] | PlannedBatch | None
    ) -> tuple[Tensor, Tensor]:
        """(B, P, v) predictions of all patches, and the masks, (U,) or (B, U) bool."""
        self._check_grid(images)
        if isinstance(data_samples, PlannedBatch):
            masked = data_samples.masked
            stages = self.backbone.encode_visible(images, data_samples.plan)
        else:
            masked = self.draw_masked(images)
            stages = self.backbone.forward_visible(images, masked)
        return self.neck(stages, masked), masked

    def draw_masked(self, images: Tensor) -> Tensor:
        """(U,) or (B, U) bool on the CPU, True = hidden: a choice for these images."""
        num_images = None if self.shared_mask else len(images)
        return draw_masked(prod(self.backbone.unit_grid(images)), self.mask_ratio, num_images)

    def _check_grid(self, images: Tensor) -> None:
        if hasattr(self.neck, 'check_grid'):  # a neck of one's own may go without positions
            self.neck.check_grid(self.backbone.unit_grid(images))

    def reconstruct(self, images: Tensor, masked: Tensor | None = None) -> Reconstruction:
        """What the model makes of masked images.

        Args:
            images: (B, C, H, W) or clips (B, C, T, H, W), normalised.
            masked: (U,) or (B, U) bool, True = hidden; drawn if None.
        """
        self._check_grid(images)
        grid = self.backbone.unit_grid(images)
        masked = self.draw_masked(images) if masked is None else masked
        masked = check_masked(masked, grid, len(images))
        pred = self.neck(self.backbone.forward_visible(images, masked), masked)
        pixels = masked_map(masked.expand(len(images), -1), grid, self.backbone.unit_size)
        strip = film_strip(images)
        return Reconstruction(strip, pixels.to(images.device), self.head.undo_target(pred, strip))


def _fit_to_target(neck: dict | nn.Module, head: nn.Module) -> dict | nn.Module:
    """The neck, with as many values a patch as the head's target has if its config says nothing."""
    if not isinstance(neck, dict) or neck.get('num_targets') is not None:
        return neck
    channels = neck.get('image_channels', 3)
    num_targets = head.num_targets(channels)
    is_usual = num_targets == head.patch_size**2 * channels
    return neck if is_usual else {**neck, 'num_targets': num_targets}
