"""Epochs that can be gone on with in their middle; evaluation that counts every sample."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from mmengine.evaluator import Evaluator
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.utils.data import DataLoader, Sampler

from mmgreen.datasets.seeding import sampler_of
from mmgreen.registry import LOOPS


@LOOPS.register_module()
class ResumableEpochLoop(EpochBasedTrainLoop):
    """mmengine's loop over epochs, which after a resume leaves out the batches already done.

    mmengine's begins the epoch anew, so that a checkpoint from its middle repeats images. Nothing
    is read of what is left out.
    """

    def run(self) -> torch.nn.Module:
        """Trains; ``iter`` says how many batches of the epoch that comes first are done."""
        self._batches_done = max(0, self._iter - self._epoch * len(self.dataloader))
        return super().run()

    def run_epoch(self) -> None:
        """One epoch, or what is left of it."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done, self._batches_done = self._batches_done, 0
        if done:
            leave_out(self.dataloader, done)
        for index, batch in enumerate(self.dataloader, start=done):
            self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


def leave_out(loader: DataLoader, batches: int) -> None:
    """Lets the next pass through a loader begin after so many batches."""
    # torch forbids this assignment in general because a running iterator would not see it; there
    # is none yet. Persistent workers keep the sampler that they began with, so it leaves out once.
    object.__setattr__(loader, 'batch_sampler', _LaterBatches(loader.batch_sampler, batches))


class _LaterBatches(Sampler):
    """A batch sampler whose first pass begins later."""

    def __init__(self, batches: Sampler, leave_out: int) -> None:
        self.batches = batches
        self.leave_out = leave_out

    def __iter__(self) -> Iterator[list[int]]:
        begin, self.leave_out = self.leave_out, 0
        yield from islice(self.batches, begin, None)

    def __len__(self) -> int:
        return len(self.batches)

    def __getattr__(self, name: str) -> object:
        return getattr(self.batches, name)


class _CountEverySample:
    """Mixed into mmengine's loops of evaluation, for samplers that give an image several times.

    mmengine's loops tell the metrics how many images there are, and metrics take what is beyond
    that for padding of the last batch and leave it out.
    """

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        samples = getattr(sampler_of(self.dataloader), 'samples_per_epoch', None)
        if samples is not None:
            self.evaluator = _EvaluatorOfSamples(self.evaluator, samples)


class _EvaluatorOfSamples(Evaluator):
    """An evaluator with so many samples, however many images the loop says there are."""

    def __init__(self, evaluator: Evaluator, samples: int) -> None:
        super().__init__(evaluator.metrics)
        self.dataset_meta = evaluator.dataset_meta
        self._samples = samples

    def evaluate(self, size: int) -> dict:
        return super().evaluate(self._samples)


@LOOPS.register_module()
class SampleValLoop(_CountEverySample, ValLoop):
    """mmengine's validation, whose metrics are over ``samples_per_epoch`` of the sampler.

    Our tools set it; a config for other tools may name it, ``val_cfg = dict(type=...)``.
    """


@LOOPS.register_module()
class SampleTestLoop(_CountEverySample, TestLoop):
    """mmengine's test, whose metrics are over ``samples_per_epoch`` of the sampler."""
