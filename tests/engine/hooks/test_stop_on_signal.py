import os
import signal

import pytest
import torch
from mmengine.hooks import Hook
from reference_training import log_of, resumable

STOP = dict(type='mmgreen.StopOnSignal')


class Send(Hook):
    """Sends this process a signal in the middle of a step."""

    def __init__(self, step, number):
        self.step, self.number = step, number

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_step_is_finished_and_nothing_is_lost(images, number, status):
    before = signal.getsignal(number)
    whole = resumable(images, 'whole')
    whole.train()
    stopped = resumable(images, 'run', STOP, Send(5, number))
    with pytest.raises(SystemExit) as end:
        stopped.train()
    assert end.value.code == status
    assert signal.getsignal(number) is before
    path = images.parent / 'run/iter_5.pth'
    assert f'after step 5: {path} is written; the same command with --resume' in log_of(stopped)
    rest = resumable(images, 'run', STOP, resume=True, load_from=str(path))
    rest.train()
    assert torch.equal(rest.model.weight, whole.model.weight)
    assert not path.exists()


def test_it_waits_for_the_step_of_the_optimizer(images):
    wrapper = dict(optimizer=dict(type='AdamW', lr=1e-2), accumulative_counts=3)
    stopped = resumable(images, 'run', STOP, Send(4, signal.SIGTERM), optim_wrapper=wrapper)
    with pytest.raises(SystemExit):
        stopped.train()
    assert stopped.iter + 1 == 6


def test_a_training_that_ends_leaves_signals_alone(images):
    before = signal.getsignal(signal.SIGTERM)
    resumable(images, 'run', STOP, epochs=1).train()
    assert signal.getsignal(signal.SIGTERM) is before
