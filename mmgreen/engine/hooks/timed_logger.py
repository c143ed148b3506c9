"""Lines of progress on the console, by the clock."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmgreen.engine.hooks.main_process_logger import MainProcessLoggerHook
from mmgreen.registry import HOOKS

PROGRESS = re.compile(r'(Epoch|Iter)\(\w+\).* eta: ')


@HOOKS.register_module()
class TimedLoggerHook(MainProcessLoggerHook):
    """mmengine's LoggerHook, whose lines of progress come to the console by the clock.

    The first comes after two steps, the next ones every ``seconds``, and one after the last step,
    however long an epoch is. Values (``scalars.json``, TensorBoard) and the log file have a line
    every ``interval`` steps as before. What is not progress comes to both.

    Args:
        seconds: between two lines on the console, at least.
        **options: those of mmengine's LoggerHook.
    """

    def __init__(self, *args: Any, seconds: float = 20, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seconds = seconds

    def before_run(self, runner: Runner) -> None:
        """Divides what is logged between console and file."""
        super().before_run(runner)
        for handler in runner.logger.handlers:
            is_file = isinstance(handler, logging.FileHandler)
            handler.addFilter(_is_for_the_file if is_file else _is_for_the_console)
        self._steps = 0
        self._said_at = time.monotonic()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Logs values when it is their step, and a line when it is time."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        self._say(runner, batch_idx, 'train', is_last=runner.iter + 1 == runner.max_iters)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Logs a line when it is time."""
        super().after_val_iter(runner, batch_idx, data_batch, outputs)
        self._say(runner, batch_idx, 'val')

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Logs a line when it is time."""
        super().after_test_iter(runner, batch_idx, data_batch, outputs)
        self._say(runner, batch_idx, 'test')

    def _say(self, runner: Runner, batch_idx: int, mode: str, is_last: bool = False) -> None:
        self._steps += 1
        late = time.monotonic() - self._said_at >= self.seconds
        if is_main_process() and (late or is_last or self._steps == 2):
            _, line = runner.log_processor.get_log_after_iter(runner, batch_idx, mode)
            runner.logger.info(line, extra={'is_timed': True})
            self._said_at = time.monotonic()


def _is_for_the_file(record: logging.LogRecord) -> bool:
    return not hasattr(record, 'is_timed')


def _is_for_the_console(record: logging.LogRecord) -> bool:
    return hasattr(record, 'is_timed') or PROGRESS.match(record.getMessage()) is None
