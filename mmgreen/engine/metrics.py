"""Metrics of pretraining."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric

from mmgreen.errors import InputError
from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.registry import METRICS

_ERRORS = ('reconstruction_loss', 'patch_mean_error', 'mean_error')


@METRICS.register_module()
class ReconstructionLoss(BaseMetric):
    """How well hidden patches are predicted, over all images.

    ``reconstruction_loss`` is the mean of what the model gave each image in its 'predict' mode, 0-d
    tensors in the data samples. Where it gave the errors of ignorance too, ``vs_patch_mean`` and
    ``vs_mean`` are the shares of :class:`mmgreen.models.hidden_errors.HiddenErrors`.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keeps the errors of a batch.

        Args:
            data_batch: not needed.
            data_samples: one dict an image, with ``reconstruction_loss``, and with
                ``patch_mean_error`` and ``mean_error`` or neither.

        Raises:
            InputError: if the model gives no such value.
        """
        for sample in data_samples:
            if 'reconstruction_loss' not in sample:
                raise InputError(
                    'ReconstructionLoss needs a model that predicts a reconstruction_loss for each '
                    'image, as mmgreen.MaskedAutoencoder does.'
                )
            errors = [sample[name] for name in _ERRORS if name in sample]
            self.results.append(torch.stack(errors).detach().cpu().double())

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Over the images of all processes."""
        means = torch.stack(results).mean(0)
        metrics = {'reconstruction_loss': float(means[0])}
        if len(means) == len(_ERRORS):
            shares = HiddenErrors(*means).shares()
            metrics.update({name: float(share) for name, share in shares.items()})
        return metrics
