"""A training that is told to end ends after its step, with a checkpoint."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.engine.hooks.safe_checkpoint import SafeCheckpointHook, can_stop_after
from mmgreen.registry import HOOKS

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@HOOKS.register_module()
class StopOnSignal(Hook):
    """On SIGTERM or the first Ctrl-C finishes the step, writes a checkpoint and ends the process.

    The exit status is 128 plus the signal's number, 143 or 130, by which batch systems and shells
    know that a job was stopped and may be queued again. A second signal ends at once.

    Args:
        interval: with several processes, steps from one agreement on whether to stop to the next.
    """

    priority = 'LOWEST'

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval
        self._received = 0
        self._earlier: dict[int, object] = {}

    def before_train(self, runner: Runner) -> None:
        """Begins to listen; signals reach the main thread only."""
        self._process = os.getpid()
        if threading.current_thread() is threading.main_thread():
            self._earlier = {each: signal.signal(each, self._note) for each in SIGNALS}

    def after_train(self, runner: Runner) -> None:
        """Leaves signals to whoever had them before."""
        for each, handler in self._earlier.items():
            signal.signal(each, handler)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Writes and ends, if a signal has come to any process."""
        if not can_stop_after(runner):
            return
        received = self._agreed(runner)
        if received:
            self._stop(runner, received)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a worker of the data loader, which ends with its parent
            return
        if self._received:
            signal.signal(number, signal.SIG_DFL)
            os.kill(self._process, number)
        self._received = number
        os.write(2, b'\nEnding after this step, with a checkpoint; once more ends at once.\n')

    def _agreed(self, runner: Runner) -> int:
        if get_world_size() == 1:
            return self._received
        if not self.every_n_train_iters(runner, self.interval):
            return 0
        received = torch.tensor(self._received)
        all_reduce(received, 'max')
        return int(received)

    def _stop(self, runner: Runner, received: int) -> None:
        hook = next((each for each in runner.hooks if isinstance(each, SafeCheckpointHook)), None)
        written = f'{hook.save_between(runner)} is written' if hook else 'no checkpoint is written'
        self.after_train(runner)
        runner.logger.warning(
            f'Stopped by {signal.Signals(received).name} after step {runner.iter + 1}: {written}; '
            'the same command with --resume goes on from there.'
        )
        raise SystemExit(128 + received)
