"""Epochs that can be gone on with in their middle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader, Sampler

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
