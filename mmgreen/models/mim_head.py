"""Predictions compared with what was hidden.

Letters in shapes: B images, C channels, T frames, H W pixels, U units, P target patches, v values
of a patch.
"""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor

from mmgreen.errors import InputError
from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.models.targets import TARGETS, Target, check_order
from mmgreen.ops.choices import take_places
from mmgreen.ops.masking import unit_indices
from mmgreen.ops.targets import squared_error
from mmgreen.registry import MODELS


@MODELS.register_module()
class MIMHead(BaseModule):
    """Compares predictions with what should be predicted of the hidden patches.

    Args:
        target: 'norm_pixel', each patch normalised by its own mean and deviation (MAE, section 4),
            'pixel', or 'hog', histograms of gradients (MaskFeat) of patches of 16 pixels; or the
            config of a registered :class:`mmgreen.models.targets.Target`.
        patch_size: pixels a side of a target patch.
        unit_size: pixels a side of a mask unit.
        order: how a patch is flattened, 'hwc' (GreenMIM, MAE) or 'chw'. Official decoders differ
            in it.
    """

    def __init__(
        self,
        target: str | dict = 'norm_pixel',
        patch_size: int = 32,
        unit_size: int = 32,
        order: str = 'hwc',
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        check_order(order)
        self.patch_size = patch_size
        self.unit_size = unit_size
        self.order = order
        settings = dict(patch_size=patch_size, unit_size=unit_size, order=order)
        if isinstance(target, dict):
            self.target: Target = MODELS.build({**settings, **target})
        elif target in TARGETS:
            self.target = TARGETS[target](**settings)
        else:
            raise InputError(
                f'target must be one of {tuple(TARGETS)}, or the config of a registered target, '
                f'not {target!r}.'
            )

    def num_targets(self, channels: int) -> int:
        """v, the values to predict of each patch of images of so many channels."""
        return self.target.num_values(channels)

    def loss(self, pred: Tensor, images: Tensor, masked: Tensor) -> Tensor:
        """Scalar: mean squared error over the hidden patches of the batch."""
        return self.loss_per_image(pred, images, masked).mean()

    def loss_per_image(self, pred: Tensor, images: Tensor, masked: Tensor) -> Tensor:
        """(B,) float32: mean squared error over the hidden patches of each image."""
        return squared_error(*self._hidden(pred, images, masked))

    def errors_per_image(self, pred: Tensor, images: Tensor, masked: Tensor) -> HiddenErrors:
        """The loss of each image, and what predictions that know nothing would cost.

        Args:
            pred: (B, P, v), unit order.
            images: (B, C, H, W) or clips (B, C, T, H, W), normalised.
            masked: (U,) or (B, U) bool on the CPU, True = hidden.

        Raises:
            ValueError: if the predictions have another number of values than the target.
        """
        return self.target.errors(*self._hidden(pred, images, masked))

    def _hidden(self, pred: Tensor, images: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
        """Predictions and values of the hidden patches, (B, P, v) each."""
        hidden = unit_indices(masked).to(images.device, non_blocking=True)
        values = self.target.values(images, hidden)
        if pred.shape[-1] != values.shape[-1]:
            raise InputError(
                f'The decoder predicts {pred.shape[-1]} values of a patch, the target has '
                f'{values.shape[-1]}; leave model.neck.num_targets out, and it follows the target.'
            )
        by_unit = pred.unflatten(1, (masked.shape[-1], -1))
        return take_places(by_unit, hidden).flatten(1, 2), values

    def undo_target(self, pred: Tensor, images: Tensor) -> Tensor:
        """Predictions as images, see :meth:`mmgreen.models.targets.Target.to_picture`."""
        return self.target.to_picture(pred, images)
