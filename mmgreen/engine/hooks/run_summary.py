"""What a log opens with, and how many images could not be read."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset

from mmgreen.engine.crops import describe_crops
from mmgreen.engine.hooks.start_must_fit import StartMustFit
from mmgreen.engine.summary import (
    as_block,
    count_short,
    count_unreadable,
    describe_batch,
    describe_device,
    describe_images,
    describe_learning_rate,
    describe_places,
    describe_software,
    describe_weights,
    learns_little,
)
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class RunSummary(Hook):
    """Logs what lets a run be trusted: software, images and crops, batch and rate, weights, places.

    After every epoch that found more of them, it logs how many images could not be read.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self._num_reported = self._num_short = 0

    def before_train(self, runner: Runner) -> None:
        """Logs the summary before the first step, and warns where the steps are too few."""
        crops = describe_crops(runner)
        starts = [hook.share for hook in runner.hooks if isinstance(hook, StartMustFit)]
        lines = {
            'software': describe_software(),
            'device': describe_device(runner.world_size),
            'images': describe_images(runner.train_dataloader.dataset),
            **({'crops': crops} if crops else {}),
            'batch': describe_batch(runner),
            'learning rate': describe_learning_rate(runner),
            'weights': describe_weights(runner, *starts[:1]),
            'seed': str(runner.seed),
            'written to': describe_places(runner),
        }
        runner.logger.info(as_block('This training', lines))
        if warning := learns_little(runner):
            runner.logger.warning(warning)

    def before_test(self, runner: Runner) -> None:
        """Logs what is tested on what."""
        lines = {
            'software': describe_software(),
            'device': describe_device(runner.world_size),
            'images': describe_images(runner.test_dataloader.dataset),
            'weights': str(runner.cfg.get('load_from')),
            'written to': runner.log_dir,
        }
        runner.logger.info(as_block('This test', lines))

    def after_train_epoch(self, runner: Runner) -> None:
        """Logs the number of unreadable images if it has grown."""
        self._report_unreadable(runner, runner.train_dataloader.dataset)

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Logs the number of unreadable images, if there are any."""
        self._report_unreadable(runner, runner.test_dataloader.dataset)

    def _report_unreadable(self, runner: Runner, dataset: Dataset) -> None:
        number = count_unreadable(dataset)
        if number > self._num_reported:
            self._num_reported = number
            runner.logger.warning(
                f'{number} of {len(dataset)} {getattr(dataset, "kind", "image")}s could not be '
                'read so far; others took their places. The warnings above name them.'
            )
        short = count_short(dataset)
        if short > self._num_short:
            self._num_short = short
            runner.logger.info(
                f'{short} of {len(dataset)} videos are shorter than a clip so far; their last '
                'frames were repeated.'
            )
