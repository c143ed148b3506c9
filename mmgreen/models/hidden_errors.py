"""How far predictions of hidden patches are off, beside predictions that know nothing."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

_TINY = 1e-12


class HiddenErrors(NamedTuple):
    """Errors over the hidden patches of each image, (B,) float32 each, in the units of the loss."""

    prediction: Tensor
    """Of the model: its loss."""
    patch_mean: Tensor
    """Of predicting for every patch its own mean: of pixels its tint, a value for each channel."""
    mean: Tensor
    """Of predicting for every patch the mean of all hidden patches of the batch."""

    def shares(self) -> dict[str, Tensor]:
        """What of the errors of ignorance the model still makes; 0-d, without a gradient.

        ``vs_patch_mean`` is 1 for a model that knows the tint of every patch and no more,
        ``vs_mean`` is 1 for one that says the same of every patch.
        """
        prediction, patch_mean, mean = (each.detach().mean() for each in self)
        return {
            'vs_patch_mean': prediction / patch_mean.clamp(min=_TINY),
            'vs_mean': prediction / mean.clamp(min=_TINY),
        }
