"""The curves of a training, drawn into its work folder while it goes on."""

from __future__ import annotations

import os

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.engine.curves import draw_curves
from mmgreen.errors import MissingFileError
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class DrawCurves(Hook):
    """Draws ``curves.png`` after each validation and at the end of the training."""

    priority = 'LOWEST'  # after what writes the log that is drawn

    def __init__(self) -> None:
        self.drawn_at: int | None = None  # the step of the last picture

    @master_only
    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Draws."""
        self._draw(runner)

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Draws, but for a training that ended with a validation: that is drawn."""
        if self.drawn_at != runner.iter:
            self._draw(runner)

    def _draw(self, runner: Runner) -> None:
        try:
            draw_curves([runner.work_dir], os.path.join(runner.work_dir, 'curves.png'))
            self.drawn_at = runner.iter
        except MissingFileError:  # not a line is logged yet
            return
        except OSError as error:  # a full disk must not end a training for a picture's sake
            runner.logger.warning(f'curves.png could not be written: {error}.')
