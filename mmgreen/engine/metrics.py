"""Metrics of pretraining."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric

from mmgreen.errors import InputError
from mmgreen.registry import METRICS


@METRICS.register_module()
class ReconstructionLoss(BaseMetric):
    """``reconstruction_loss``: the mean over all images of what the model gave each of them.

    The model's 'predict' mode puts a 0-d tensor of that name into every data sample.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keeps the losses of a batch.

        Args:
            data_batch: not needed.
            data_samples: one dict an image, with ``reconstruction_loss``.

        Raises:
            InputError: if the model gives no such value.
        """
        for sample in data_samples:
            if 'reconstruction_loss' not in sample:
                raise InputError(
                    'ReconstructionLoss needs a model that predicts a reconstruction_loss for each '
                    'image, as mmgreen.MaskedAutoencoder does.'
                )
            self.results.append(sample['reconstruction_loss'].detach().cpu())

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The mean of the losses of all images, those of other processes included."""
        return {'reconstruction_loss': float(torch.stack(results).double().mean())}
