import random
from itertools import islice

import mmengine.dataset.sampler
import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader

from mmgreen.datasets.seeding import (
    SeededIndex,
    SeededInfiniteSampler,
    SeededSampler,
    derive_seed,
    sampler_of,
    seeded,
)


def draw():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_equal_parts_give_equal_seeds_and_the_value_never_changes():
    assert derive_seed(0, 1, 2) == derive_seed(0, 1, 2)
    # Written out: with another value a run of an earlier version could not be resumed exactly.
    assert derive_seed(0, 0, 0) == 1576890651


def test_every_part_their_order_and_their_number_count():
    parts = [(s, r, i) for s in range(3) for r in range(3) for i in range(50)]
    parts += [(), (0,), (0, 0), (1,), (1, 0), (2**40, 1), (1, 2**40)]
    assert len({derive_seed(*each) for each in parts}) == len(parts)


def test_seeds_fit_numpy_and_neighbours_draw_unrelated_numbers():
    seeds = [derive_seed(0, 0, step) for step in range(2000)]
    assert all(0 <= seed < 2**32 for seed in seeds)
    first = [np.random.RandomState(seed).rand() for seed in seeds]
    assert abs(np.mean(first) - 0.5) < 0.03
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.08


def test_a_negative_part_is_refused():
    with pytest.raises(ValueError, match='negative'):
        derive_seed(0, -1)


def test_seeded_repeats_its_draws_and_leaves_the_generators_as_they_were():
    with seeded(7):
        inside = draw()
    with seeded(0):
        expected = draw()
        with seeded(7):
            assert draw() == inside
        second = draw()
    with seeded(0):
        assert (draw(), draw()) == (expected, second)


def test_seeded_puts_the_generators_back_after_an_error():
    with seeded(0):
        expected = draw()
    with seeded(0):
        with pytest.raises(ZeroDivisionError), seeded(7):
            random.random() / 0
        assert draw() == expected


class TestSeededInfiniteSampler:
    def taken(self, number, rank=0, world_size=1, skip=0):
        sampler = SeededInfiniteSampler(range(5), seed=1)
        sampler.rank, sampler.world_size = rank, world_size
        sampler.skip(skip)
        return [(int(each), each.seed) for each in islice(sampler, number)]

    def test_it_goes_on_where_it_is_told_to_with_the_same_seeds(self):
        stream = self.taken(20)
        assert self.taken(13, skip=7) == stream[7:]
        assert len({seed for _, seed in stream}) == 20
        assert sorted(index for index, _ in stream[:5]) == [0, 1, 2, 3, 4]

    def test_processes_share_one_stream(self):
        stream = self.taken(20)
        for rank in range(2):
            assert self.taken(10, rank, 2) == stream[rank::2]

    def test_a_seed_set_before_the_first_index_counts(self):
        sampler = SeededInfiniteSampler(range(5), seed=9)
        sampler.seed = 1
        assert [(int(each), each.seed) for each in islice(sampler, 6)] == self.taken(6)


def test_the_sampler_below_one_of_whole_batches():
    plain = DataLoader(range(4), batch_size=2)
    assert sampler_of(plain) is plain.sampler
    below = SeededInfiniteSampler(range(4), seed=0)
    batches = BatchSampler(below, 2, drop_last=False)
    assert sampler_of(DataLoader(range(4), batch_sampler=batches)) is below
    assert isinstance(next(iter(below)), SeededIndex)


class TestEpochsOfAFixedLength:
    def draw(self, number, samples, epoch=0, **options):
        sampler = SeededSampler(range(number), seed=1, samples_per_epoch=samples, **options)
        sampler.set_epoch(epoch)
        return list(sampler)

    def test_an_epoch_is_pass_after_pass(self):
        drawn = self.draw(5, 12)
        assert len(drawn) == 12
        assert sorted(drawn[:5]) == sorted(drawn[5:10]) == list(range(5))
        assert drawn[:5] != drawn[5:10]
        assert len({index.seed for index in drawn}) == 12  # each crop of an image is another one

    def test_an_epoch_may_be_a_part_of_the_data(self):
        first, second = (self.draw(100, 10, epoch) for epoch in (0, 1))
        assert len(set(first)) == 10 and first != second
        assert first == self.draw(100, 10, 0)

    def test_processes_share_the_samples(self, monkeypatch):
        def of_rank(rank, world):
            monkeypatch.setattr(mmengine.dataset.sampler, 'get_dist_info', lambda: (rank, world))
            return self.draw(5, 12)

        whole, halves = of_rank(0, 1), [of_rank(rank, 2) for rank in (0, 1)]
        assert whole[::2] == halves[0] and whole[1::2] == halves[1]
        assert [index.seed for index in whole[::2]] == [index.seed for index in halves[0]]

    def test_without_shuffling_they_come_in_order(self):
        assert self.draw(3, 7, shuffle=False) == [0, 1, 2, 0, 1, 2, 0]

    def test_no_samples_are_refused(self):
        with pytest.raises(ValueError, match='samples_per_epoch must be 1 or more, not 0'):
            self.draw(3, 0)
