import json
from pathlib import Path

import pytest
import torch
from reference_training import Toy, log_of, runner

from mmgreen.models.hidden_errors import HiddenErrors


class Shares(Toy):
    """A toy whose shares of the error of tints are those of a list, one a measurement."""

    def __init__(self, shares):
        super().__init__()
        self.shares = iter(shares)

    def errors_per_image(self, images, data_samples):
        assert images.dtype == torch.float32 and not torch.is_grad_enabled()
        share = torch.full((len(images),), next(self.shares))
        return HiddenErrors(share, torch.ones(len(images)), 2 * torch.ones(len(images)))

    @property
    def data_preprocessor(self):
        return lambda data, training: {**data, 'inputs': data['inputs'].float()}

    @data_preprocessor.setter
    def data_preprocessor(self, value):
        pass


def train(images, shares, interval=1, epochs=10, **options):
    """A training of 3 steps an epoch."""
    trained = runner(
        images,
        [dict(type='mmgreen.EarlyVerdict', **{'min_steps': 1, **options})],
        model=Shares(shares),
        epochs=epochs,
        default_hooks=dict(logger=dict(type='LoggerHook', interval=interval)),
    )
    trained.train()
    return trained


def logged(trained):
    (log,) = Path(trained.log_dir).glob('vis_data/scalars.json')
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_shares_stand_beside_each_loss(images):
    shares = [1 - step / 100 for step in range(30)]
    lines = logged(train(images, shares))
    assert [line['vs_patch_mean'] for line in lines] == pytest.approx(shares)
    assert [line['vs_mean'] for line in lines] == pytest.approx([each / 2 for each in shares])


def test_it_measures_when_it_is_logged_and_no_more(images):
    trained = train(images, [1.0] * 20, interval=3, epochs=20, after=0.05)
    assert len(logged(trained)) == 20  # once an epoch, and so was measured


@pytest.mark.parametrize('share', [1.0, 1.3])
def test_no_better_than_tints_is_said_once(images, share):
    log = log_of(train(images, [share] * 30))
    assert log.count('no better than by the tint') == 1
    assert 'After 3 of 30 steps' in log and f'vs_patch_mean {share:.2f}' in log


def test_what_has_learned_by_then_is_left_alone(images):
    log = log_of(train(images, [1.05, 0.9, 0.9] + [1.5] * 27))
    assert 'the tint' not in log


def test_it_looks_after_the_part_that_is_asked_for(images):
    assert 'After 15 of 30 steps' in log_of(train(images, [1.1] * 30, after=0.5))


@pytest.mark.parametrize(('min_steps', 'said'), [(12, 'After 12 of 30 steps'), (31, None)])
def test_it_waits_until_there_is_something_to_judge(images, min_steps, said):
    log = log_of(train(images, [1.1] * 30, min_steps=min_steps))
    assert said in log if said else 'the tint' not in log


def test_a_training_is_the_same_with_it(images):
    plain = runner(images, [dict(type='mmgreen.SeedEachStep')], 'plain', model=Toy())
    plain.train()
    hooks = [dict(type='mmgreen.SeedEachStep'), dict(type='mmgreen.EarlyVerdict')]
    measured = runner(images, hooks, 'measured', model=Shares([0.5] * 9))
    measured.train()
    assert torch.equal(plain.model.weight, measured.model.weight)
    assert plain.model.draws == measured.model.draws


def test_models_that_do_not_know_are_left_alone(images):
    trained = runner(images, [dict(type='mmgreen.EarlyVerdict')], model=Toy())
    trained.train()
    assert 'train/vs_patch_mean' not in trained.message_hub.log_scalars
