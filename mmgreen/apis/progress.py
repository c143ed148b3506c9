"""How far a long row of things is: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)

SECONDS_BETWEEN_LINES = 20
# A step may take many seconds, and a guess of the time left rests on the last ten minutes of them.
REMEMBERED_SECONDS = 600
Item = TypeVar('Item')


def progress(items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
    """The items, one by one.

    Args:
        items: what is worked on between two of them.
        title: before the bar, or in each line.
        total: how many there are.
    """
    if sys.stdout.isatty():
        yield from track(items, title, total, transient=True)
        return
    said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - said > SECONDS_BETWEEN_LINES and done < total:
            said = time.monotonic()
            print(f'{title}: {done} of {total}', flush=True)


@contextmanager
def bar_below_the_log(runner: Runner) -> Iterator[None]:
    """A bar of the steps of a training or test, with the time left, below the lines of its log.

    Only where the output is a terminal; elsewhere the lines of progress say how far it is.

    Args:
        runner: before it runs.
    """
    if not (is_main_process() and sys.stdout.isatty()):
        yield
        return
    columns = [TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()]
    columns += [TimeElapsedColumn(), TextColumn('left'), TimeRemainingColumn()]
    bars = Progress(
        *columns, console=Console(), transient=True, speed_estimate_period=REMEMBERED_SECONDS
    )
    runner.register_hook(_MoveBars(bars), 'LOWEST')
    # Those write to the terminal behind rich's back, but for the stream that rich has put there.
    on_screen = [
        (handler, handler.stream)
        for handler in runner.logger.handlers
        if isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, logging.FileHandler)
    ]
    with bars:
        for handler, _ in on_screen:
            handler.setStream(sys.stdout)
        try:
            yield
        finally:
            for handler, stream in on_screen:
                handler.setStream(stream)


class _MoveBars(Hook):
    """One bar for the steps of a training, below it one while it validates; one of a test."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars

    def before_train(self, runner: Runner) -> None:
        total, done = runner.max_iters, runner.iter
        self.training = self.bars.add_task('Training', total=total, completed=done)

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        self.bars.update(self.training, completed=runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        self.scoring = self._add('Validating', runner.val_dataloader)

    def before_test_epoch(self, runner: Runner) -> None:
        self.scoring = self._add('Testing', runner.test_dataloader)

    def after_val_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        self.bars.advance(self.scoring)

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner: Runner, *_: Any, **__: Any) -> None:
        self.bars.remove_task(self.scoring)

    after_test_epoch = after_val_epoch

    def _add(self, title: str, loader: Any) -> TaskID:
        return self.bars.add_task(title, total=len(loader))
