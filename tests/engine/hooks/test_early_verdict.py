import logging
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub

from mmgreen.engine.hooks.early_verdict import EarlyVerdict


def warnings_of(shares, max_iters=100, **options):
    """What is said in a training whose steps have these shares."""
    hub, said = MessageHub('early verdict'), []
    logger = logging.getLogger('early verdict')
    logger.warning = said.append
    hook = EarlyVerdict(**options)
    for step, share in enumerate(shares):
        hub.update_scalar('train/vs_patch_mean', share)
        runner = SimpleNamespace(iter=step, max_iters=max_iters, message_hub=hub, logger=logger)
        hook.after_train_iter(runner, step)
    return said


@pytest.mark.parametrize('share', [1.0, 1.3])
def test_no_better_than_tints_is_said_once(share):
    (sentence,) = warnings_of([share] * 100)
    assert 'After 10 of 100 steps' in sentence and f'{share:.2f}' in sentence


def test_what_has_learned_by_then_is_left_alone():
    assert warnings_of([1.5] * 5 + [0.9] * 95) == []  # the mean of the last steps counts
    assert warnings_of([0.9] * 10 + [1.5] * 90) == []


def test_it_looks_after_the_part_that_is_asked_for():
    (sentence,) = warnings_of([1.1] * 7, max_iters=7, after=0.5)
    assert 'After 4 of 7 steps' in sentence


def test_models_that_log_no_share_are_left_alone():
    hub = MessageHub('no share')
    runner = SimpleNamespace(iter=9, max_iters=100, message_hub=hub)
    assert EarlyVerdict().after_train_iter(runner, 9) is None
