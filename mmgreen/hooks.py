"""What training needs around its steps: seeds, guards, and a summary that lets a run be trusted."""

from __future__ import annotations

import os

import mmcv
import numpy as np
import torch
from mmengine.dist import (
    all_gather_object,
    broadcast_object_list,
    is_main_process,
    master_only,
)
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, find_latest_checkpoint
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmgreen.checkpoints.fitting import unfilled
from mmgreen.datasets import SeededSampler
from mmgreen.ops.seeding import derive_seed
from mmgreen.registry import HOOKS
from mmgreen.summary import (
    as_block,
    count_unreadable,
    describe_batch,
    describe_device,
    describe_images,
    describe_learning_rate,
    describe_places,
    describe_software,
    describe_weights,
)
from mmgreen.visualization import image_files, reconstruction_sheet


@HOOKS.register_module()
class SeedEachStep(Hook):
    """Seeds torch and NumPy before every step from (seed, rank, step), so no random state is saved.

    Masks are drawn by torch, mixup and cutmix by NumPy; each process draws its own numbers.
    Validation and test are seeded from (seed, rank, batch), so the same batch gets the same masks
    every time.
    """

    priority = 'HIGH'

    def before_run(self, runner: Runner) -> None:
        """Agrees on one seed: where the config gives none, each process has drawn its own."""
        self._seed = _of_main_process(runner.seed)

    def before_train(self, runner: Runner) -> None:
        """After a resume the seed is the checkpoint's, but the sampler was built before that."""
        self._seed = _of_main_process(runner.seed)
        if isinstance(runner.train_dataloader.sampler, SeededSampler):
            runner.train_dataloader.sampler.seed = self._seed

    def _before_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, mode: str = 'train'
    ) -> None:
        step = runner.iter if mode == 'train' else batch_idx
        seed = derive_seed(self._seed, runner.rank, step)
        torch.manual_seed(seed)
        np.random.seed(seed)


def _of_main_process(value: int) -> int:
    values = [value]
    broadcast_object_list(values)
    return values[0]


@HOOKS.register_module()
class StopOnNonFiniteLoss(Hook):
    """Stops training when a loss or a weight is not finite, before a checkpoint is written.

    Losses stay on the device and are looked at every ``interval`` steps and before each checkpoint,
    so this hook does not wait for the device at every step (mmengine's RuntimeInfoHook does, to log
    them). The paths of the images concerned go to ``non_finite_loss.txt`` in the run's log folder.

    Args:
        interval: steps from one look to the next.

    Raises:
        FloatingPointError: names the first such step, its images and the last good checkpoint.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval
        self._unseen: list[tuple[int, Tensor, list[str]]] = []

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Notes the loss of this step, and looks at those noted when it is time."""
        files = [sample.img_path for sample in data_batch['data_samples']]
        self._unseen.append((runner.iter + 1, outputs['loss'].detach(), files))
        if self.every_n_train_iters(runner, self.interval) or self._is_saved_now(runner):
            self._look(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Looks before CheckpointHook, whose priority is lower, writes and removes files."""
        self._look(runner)

    def _is_saved_now(self, runner: Runner) -> bool:
        """Whether a checkpoint that is written by steps, not by epochs, is due."""
        by_steps = [h for h in runner.hooks if isinstance(h, CheckpointHook) and not h.by_epoch]
        return any(self.every_n_train_iters(runner, hook.interval) for hook in by_steps) or (
            bool(by_steps) and self.is_last_train_iter(runner)
        )

    def _look(self, runner: Runner) -> None:
        noted, self._unseen = self._unseen, []
        if not noted:
            return
        losses = torch.stack([loss.float() for _, loss, _ in noted]).cpu()
        bad = [
            (step, float(loss), files)
            for (step, _, files), loss in zip(noted, losses, strict=True)
            if not loss.isfinite()
        ]
        # Every process takes part, and all of them stop with the sentence about the first one.
        bad = sorted(entry for found in all_gather_object(bad[:1]) for entry in found)
        if bad:
            step, loss, files = bad[0]
            raise FloatingPointError(
                f'The loss of step {step} is {loss}: training has stopped. '
                f'{_about_images(runner, step, files)} {_how_to_go_on(runner)}'
            )
        if not _weights_are_finite(runner.model):
            raise FloatingPointError(
                f'A weight is not finite after step {noted[-1][0]}, although all losses were: '
                f'training has stopped. {_how_to_go_on(runner)}'
            )


def _weights_are_finite(model: nn.Module) -> bool:
    return bool(torch.stack([each.detach().isfinite().all() for each in model.parameters()]).all())


def _about_images(runner: Runner, step: int, files: list[str]) -> str:
    path = os.path.join(runner.log_dir, 'non_finite_loss.txt')
    if is_main_process():
        with open(path, 'w') as stream:
            stream.writelines(f'{line}\n' for line in (f'step {step}', *files))
    return f'Its batch of {len(files)} images, {files[0]} first, is listed in {path}.'


def _how_to_go_on(runner: Runner) -> str:
    kept = 'No checkpoint was written before it.'
    if os.path.isfile(os.path.join(runner.work_dir, 'last_checkpoint')):
        latest = find_latest_checkpoint(runner.work_dir)
        kept = f'The last checkpoint, {latest}, is good: go on from it with --resume.'
    return (
        f'{kept} A smaller optim_wrapper.optimizer.lr, optim_wrapper.clip_grad.max_norm=1.0, or '
        'training without --amp (or with it and optim_wrapper.dtype=bfloat16) usually helps.'
    )


@HOOKS.register_module()
class CheckpointMustFit(Hook):
    """Refuses a checkpoint that does not fill every parameter of the model.

    mmengine only warns, and goes on with random weights. For tests and for ``--resume``; where a
    part is to be filled on purpose, there is ``init_cfg``.

    Raises:
        ValueError: names parameters that the file lacks or has in another shape.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compares names and shapes."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        stored = checkpoint.get('state_dict', checkpoint)
        stored = {name.removeprefix('module.'): value for name, value in stored.items()}
        lacking = unfilled(model, stored)
        if lacking:
            source = runner.cfg.get('load_from') or find_latest_checkpoint(runner.work_dir)
            name, how = next(iter(lacking.items()))
            raise ValueError(
                f'{source} does not fit this model: {len(lacking)} of '
                f'{len(list(model.parameters()))} parameters are not in it, or have another shape, '
                f'{name} first ({how}). Take the config that it was trained with, its classes '
                'included; to start from its encoder alone, give '
                'model.backbone.init_cfg.checkpoint.'
            )


@HOOKS.register_module()
class ClassesMustFit(Hook):
    """Refuses a classifier that has not one output for each class that the data have.

    mmpretrain's ClassNumCheckHook takes the ``num_classes`` of a loss for that of a head.

    Raises:
        ValueError: names both numbers, or both lists if validation has other classes than training.
    """

    def before_train(self, runner: Runner) -> None:
        """Looks at training and validation data."""
        data = runner.train_dataloader.dataset
        self._check(runner, data)
        if runner.val_loop is None:
            return
        other = runner.val_dataloader.dataset
        if other.CLASSES != data.CLASSES:
            raise ValueError(
                f'Validation has the classes {other.CLASSES}, training {data.CLASSES}; give both '
                "datasets metainfo=dict(classes=(...)), training's."
            )

    def before_test(self, runner: Runner) -> None:
        """Looks at test data."""
        self._check(runner, runner.test_dataloader.dataset)

    def _check(self, runner: Runner, dataset: Dataset) -> None:
        if dataset.CLASSES is None:  # a dataset of mmpretrain that was given none
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if model.head.num_classes != len(dataset.CLASSES):
            raise ValueError(
                f'The data have {len(dataset.CLASSES)} classes, {dataset.CLASSES[:3]} first, but '
                f'model.head.num_classes is {model.head.num_classes}; set it, and '
                f'model.data_preprocessor.num_classes, to {len(dataset.CLASSES)}.'
            )


@HOOKS.register_module()
class RunSummary(Hook):
    """Logs what lets a run be trusted: software, images, batch and rate, weights, places.

    After every epoch that found more of them, it logs how many images could not be read.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self._num_reported = 0

    def before_train(self, runner: Runner) -> None:
        """Logs the summary, when all is built and loaded and the first step comes next."""
        lines = {
            'software': describe_software(),
            'device': describe_device(runner.world_size),
            'images': describe_images(runner.train_dataloader.dataset),
            'batch': describe_batch(runner),
            'learning rate': describe_learning_rate(runner),
            'weights': describe_weights(runner),
            'seed': str(runner.seed),
            'written to': describe_places(runner),
        }
        runner.logger.info(as_block('This training', lines))

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
                f'{number} of {len(dataset)} images could not be read so far; others took their '
                'places. The warnings above name them.'
            )


@HOOKS.register_module()
class DrawReconstructions(Hook):
    """Draws a reconstruction sheet during pretraining, see docs/reading_reconstructions.md.

    It goes to ``reconstructions/epoch_N.png`` in the work folder, and to the visualizer.

    Args:
        img_path: an image or a folder of images; they are read as ``test_dataloader`` says.
        interval: epochs from one sheet to the next; the last epoch has one too.
        num_images: at most so many of a folder.
        seed: of the masks, the same in every sheet.

    Raises:
        FileNotFoundError: before training, if there is no image at ``img_path``.
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
        self._paths = image_files(self.img_path, self.num_images)

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Draws, when it is time."""
        if not (self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner)):
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        pipeline = runner.cfg.test_dataloader.dataset.pipeline
        sheet = reconstruction_sheet(model, pipeline, self._paths, seed=self.seed)
        path = os.path.join(runner.work_dir, 'reconstructions', f'epoch_{runner.epoch + 1}.png')
        mmcv.imwrite(sheet[..., ::-1], path)
        runner.visualizer.add_image('reconstructions', sheet, step=runner.epoch + 1)
