"""The figures of a test, written by one process."""

from __future__ import annotations

from mmengine.dist import master_only
from mmengine.hooks import LoggerHook
from mmengine.runner import Runner

from mmgreen.registry import HOOKS


@HOOKS.register_module()
class MainProcessLoggerHook(LoggerHook):
    """mmengine's LoggerHook, of which the main process alone writes the file of a test.

    mmengine's writes it from every process at once, and where the times that they measured differ
    in length, what remains is no JSON.
    """

    @master_only
    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Logs and writes the metrics."""
        super().after_test_epoch(runner, metrics)
