"""Sheets of reconstructions while a pretraining goes on."""

from __future__ import annotations

import os

import mmcv
from mmengine.dist import (
    master_only,
)
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.datasets.sources import source_files
from mmgreen.engine.reconstruction_sheet import reconstruction_sheet
from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class DrawReconstructions(Hook):
    """Draws a reconstruction sheet during pretraining, see docs/reading_reconstructions.md.

    It goes to ``reconstructions/epoch_N.png`` in the work folder, and to the visualizer.

    Args:
        img_path: an image, a video or a folder of them; they are read as ``test_dataloader`` says.
        interval: epochs from one sheet to the next; the last epoch has one too.
        num_images: at most so many of a folder.
        seed: of the masks, the same in every sheet.

    Raises:
        FileNotFoundError: before training, if there is nothing to draw at ``img_path``.
    """

    priority = 'LOW'

    def __init__(
        self, img_path: str, interval: int = 20, num_images: int = 6, seed: int = 0
    ) -> None:
        self.img_path = img_path
        self.interval = interval
        self.num_images = num_images
        self.seed = seed

    def before_train(self, runner: Runner) -> None:
        """Finds the images, so that a wrong path shows now and not after hours."""
        dataset = runner.cfg.test_dataloader.dataset
        self._paths = source_files(self.img_path, dataset, self.num_images)

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Draws, when it is time."""
        if not (self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner)):
            return
        model = unwrapped_model(runner)
        pipeline = runner.cfg.test_dataloader.dataset.pipeline
        sheet = reconstruction_sheet(model, pipeline, self._paths, seed=self.seed)
        path = os.path.join(runner.work_dir, 'reconstructions', f'epoch_{runner.epoch + 1}.png')
        mmcv.imwrite(sheet[..., ::-1], path)
        runner.visualizer.add_image('reconstructions', sheet, step=runner.epoch + 1)
