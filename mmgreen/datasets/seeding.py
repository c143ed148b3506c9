"""What random numbers follow from: where training stands, so that there is no state to save.

Masks are drawn from (seed, rank, step), augmentations from (seed, epoch, index): a run that was
killed and resumed draws what it would have drawn, with any number of data-loader workers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from itertools import count, islice

import numpy as np
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader, Sampler

from mmgreen.errors import InputError
from mmgreen.registry import DATA_SAMPLERS


def derive_seed(*parts: int) -> int:
    """One seed of 32 bits that depends on every part and on their order.

    Args:
        parts: non-negative integers of any size, such as (seed, rank, step).

    Returns:
        An int in [0, 2^32), by numpy's ``SeedSequence``: nearby parts give unrelated seeds.

    Raises:
        ValueError: if a part is negative.
    """
    # The number of parts is one of them, because SeedSequence takes (1,) and (1, 0) for the same.
    return int(np.random.SeedSequence((len(parts), *parts)).generate_state(1)[0])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds the generators of Python, NumPy and torch (CPU), and puts them back afterwards.

    Args:
        seed: an int in [0, 2^32), which is what NumPy takes.
    """
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed)
        # Not torch.manual_seed: it would seed the GPU's generator too, which is not put back.
        torch.random.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


class SeededIndex(int):
    """The index of an image, with the seed of everything random that is done to this image.

    Attributes:
        seed: an int in [0, 2^32).
    """

    seed: int

    def __new__(cls, index: int, seed: int) -> SeededIndex:  # noqa: D102
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __getnewargs__(self) -> tuple[int, int]:
        """What pickle hands to ``__new__`` in a worker."""
        return int(self), self.seed


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's DefaultSampler, whose indices carry a seed from (seed, epoch, index).

    A dataset wrapped around ``UnlabelledImages`` has to hand the index on as it is. Those that
    compute a new one (``ConcatDataset``, ``RepeatDataset``) lose the seed, and with it the exact
    repetition of augmentations after a resume.

    Args:
        dataset, shuffle, seed, round_up: see mmengine's DefaultSampler.
        samples_per_epoch: an epoch is so many samples of all processes together, however many the
            data set has: pass after pass through it, each in an order of its own. None: one pass.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        samples_per_epoch: int | None = None,
    ) -> None:
        super().__init__(dataset, shuffle, seed, round_up)
        self.samples_per_epoch = samples_per_epoch
        if samples_per_epoch is None:
            return
        if samples_per_epoch < 1:
            raise InputError(f'samples_per_epoch must be 1 or more, not {samples_per_epoch}.')
        self.num_samples = -(-samples_per_epoch // self.world_size)
        self.total_size = self.num_samples * self.world_size

    def __iter__(self) -> Iterator[SeededIndex]:
        """The indices of this epoch and process."""
        if self.samples_per_epoch is None:
            for index in super().__iter__():
                yield SeededIndex(index, derive_seed(self.seed, self.epoch, index))
            return
        passes = self._passes()
        for place, index in enumerate(islice(passes, self.total_size)):
            if place % self.world_size == self.rank:
                yield SeededIndex(index, derive_seed(self.seed, self.epoch, place))

    def _passes(self) -> Iterator[int]:
        """Endless: all indices, then again, in orders that follow from (seed, epoch, pass)."""
        number = len(self.dataset)
        for each in count():
            generator = torch.Generator().manual_seed(derive_seed(self.seed, self.epoch, each))
            order = torch.randperm(number, generator=generator) if self.shuffle else range(number)
            yield from map(int, order)


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(InfiniteSampler):
    """mmengine's InfiniteSampler, whose indices carry a seed from (seed, place in the stream)."""

    def _indices_of_rank(self) -> Iterator[SeededIndex]:
        """The share of this process in the endless stream."""
        for place, index in enumerate(self._infinite_indices()):
            if place % self.world_size == self.rank:
                yield SeededIndex(index, derive_seed(self.seed, place))


def sampler_of(loader: DataLoader) -> Sampler:
    """What gives a loader its indices, also below a sampler of whole batches."""
    below = getattr(loader.batch_sampler, 'sampler', None)
    return loader.sampler if below is None else below
