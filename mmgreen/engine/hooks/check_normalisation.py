"""Whether images are normalised so that a net sees contrast, said before the first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmgreen.checkpoints.facts import facts_in
from mmgreen.checkpoints.reading import read_checkpoint
from mmgreen.datasets.mean_and_std import MeanAndStd, mean_and_std, moments_of
from mmgreen.engine.training_facts import normalisation_of
from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.errors import InputError
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class CheckNormalisation(Hook):
    """Warns where images are normalised otherwise than is good for the weights that begin.

    Microscope images may be bright and pale: by ImageNet's mean and deviation they become a
    constant with a third of the contrast, and a net from random weights has next to nothing to go
    by: that is told from the first batch. A net that starts from a checkpoint wants what that was
    trained with, and is told where this differs.

    Args:
        most_mean: how far the mean of a channel may be from 0, in deviations.
        least_std: the deviation that a channel should have at least, of 1.
    """

    priority = 'NORMAL'

    def __init__(self, most_mean: float = 0.75, least_std: float = 0.5) -> None:
        self.most_mean = most_mean
        self.least_std = least_std

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Compares with the training of the checkpoint that this one starts from."""
        path = _start_of(runner.cfg)
        if path is None or runner.iter:  # what goes on has been told when it began
            return
        ours, theirs = normalisation_of(unwrapped_model(runner)), _normalisation_in(path)
        if None not in (ours, theirs) and theirs != ours:
            runner.logger.warning(
                f'{path} was trained on pixels normalised by {theirs}, this training has '
                f'{ours}; give model.data_preprocessor the same.'
            )

    @master_only
    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Looks at the first batch, where weights are random."""
        if runner.iter or _start_of(runner.cfg) is not None:
            return
        preprocessor = unwrapped_model(runner).data_preprocessor
        mean, std = (getattr(preprocessor, name, None) for name in ('mean', 'std'))
        found = _mean_and_std_of(data_batch, preprocessor)
        if mean is None or found is None or len(found.mean) != mean.numel():
            return
        mean, std = (each.flatten().cpu().numpy() for each in (mean, std))
        means, stds = (np.array(found.mean) - mean) / std, np.array(found.std) / std
        if abs(means).max() <= self.most_mean and stds.min() >= self.least_std:
            return
        runner.logger.warning(
            f'Images reach the net with a mean of {_numbers(means)} and a deviation of '
            f'{_numbers(stds)}, where 0 and 1 are best: they look alike to it. Set '
            f'model.data_preprocessor to dict({found}), or to what '
            'tools/analysis_tools/get_mean_std.py says of all of them, here and in all that starts '
            'from this training.'
        )


def _start_of(cfg: Mapping[str, Any]) -> str | None:
    """The checkpoint that the encoder starts from, None for random weights."""
    model = cfg.get('model') or {}
    starts = [each.get('init_cfg') for each in (model, model.get('backbone') or {})]
    paths = [start.get('checkpoint') for start in starts if isinstance(start, Mapping)]
    return next((path for path in (cfg.get('load_from'), *paths) if path), None)


def _normalisation_in(path: str) -> str | None:
    """What a checkpoint says of it; None if nothing, or where only the hosts can read the file."""
    try:
        return (facts_in(read_checkpoint(path)).get('encoding') or {}).get('pixels')
    except InputError:
        return None


def _mean_and_std_of(batch: dict, preprocessor: nn.Module) -> MeanAndStd | None:
    """Of a batch as a loader gives it, in the order in which the preprocessor normalises channels.

    None where inputs are no images or clips.
    """
    images = batch.get('inputs') if isinstance(batch, dict) else None
    if images is None or not all(isinstance(image, Tensor) for image in images):
        return None
    found = mean_and_std([moments_of(image.flatten(1).T.cpu().numpy()) for image in images])
    # mmpretrain's preprocessor of classifiers has another name for it than the other ones.
    swaps = any(getattr(preprocessor, name, False) for name in ('_channel_conversion', 'to_rgb'))
    return MeanAndStd(*(values[::-1] for values in found)) if swaps else found


def _numbers(values: np.ndarray) -> str:
    return ', '.join(f'{each:.2f}' for each in values)
