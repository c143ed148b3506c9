"""Random numbers of a step that follow from where training stands."""

from __future__ import annotations

import numpy as np
import torch
from mmengine.dist import (
    broadcast_object_list,
)
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.datasets.seeding import SeededInfiniteSampler, SeededSampler, derive_seed, sampler_of
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class SeedEachStep(Hook):
    """Seeds torch and NumPy before every step from (seed, rank, step), so no random state is saved.

    Masks are drawn by torch, mixup and cutmix by NumPy; each process draws its own numbers.
    Validation and test are seeded from (seed, rank, batch), so the same batch gets the same masks
    every time.
    """

    priority = 'HIGH'

    def before_run(self, runner: Runner) -> None:
        """Agrees on one seed: where the config gives none, each process has drawn its own."""
        self._seed = _of_main_process(runner.seed)

    def before_train(self, runner: Runner) -> None:
        """After a resume the seed is the checkpoint's, but the sampler was built before that."""
        self._seed = _of_main_process(runner.seed)
        sampler = sampler_of(runner.train_dataloader)
        if isinstance(sampler, SeededSampler | SeededInfiniteSampler):
            sampler.seed = self._seed

    def _before_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, mode: str = 'train'
    ) -> None:
        step = runner.iter if mode == 'train' else batch_idx
        seed = derive_seed(self._seed, runner.rank, step)
        torch.manual_seed(seed)
        np.random.seed(seed)


def _of_main_process(value: int) -> int:
    values = [value]
    broadcast_object_list(values)
    return values[0]
