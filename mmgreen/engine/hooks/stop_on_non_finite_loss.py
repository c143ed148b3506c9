"""A training that has gone wrong stops, with the last good checkpoint kept."""

from __future__ import annotations

import os

import torch
from mmengine.dist import (
    all_gather_object,
    is_main_process,
)
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner, find_latest_checkpoint
from torch import Tensor, nn

from mmgreen.errors import NonFiniteError
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class StopOnNonFiniteLoss(Hook):
    """Stops training when a loss or a weight is not finite, before a checkpoint is written.

    Losses stay on the device and are looked at every ``interval`` steps and before each checkpoint,
    so this hook does not wait for the device at every step (mmengine's RuntimeInfoHook does, to log
    them). The paths of the images concerned go to ``non_finite_loss.txt`` in the run's log folder.

    Args:
        interval: steps from one look to the next.

    Raises:
        NonFiniteError: names the first such step, its images and the last good checkpoint.
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
        files = _names(data_batch.get('data_samples'))
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
            raise NonFiniteError(
                f'The loss of step {step} is {loss}: training has stopped. '
                f'{_about_images(runner, step, files)} {_how_to_go_on(runner)}'
            )
        if not _weights_are_finite(runner.model):
            raise NonFiniteError(
                f'A weight is not finite after step {noted[-1][0]}, although all losses were: '
                f'training has stopped. {_how_to_go_on(runner)}'
            )


def _names(samples: list | None) -> list[str]:
    """The files of a batch; a pipeline of one's own may hand on numbers only, or nothing."""
    unnamed = 'without img_path in meta_keys'
    return [
        getattr(each, 'img_path', None) or f'image {getattr(each, "img_id", unnamed)}'
        for each in samples or ()
    ]


def _weights_are_finite(model: nn.Module) -> bool:
    return bool(torch.stack([each.detach().isfinite().all() for each in model.parameters()]).all())


def _about_images(runner: Runner, step: int, files: list[str]) -> str:
    path = os.path.join(runner.log_dir, 'non_finite_loss.txt')
    if is_main_process():
        with open(path, 'w') as stream:
            stream.writelines(f'{line}\n' for line in (f'step {step}', *files))
    first = f', {files[0]} first,' if files else ''
    return f'Its batch of {len(files)} images{first} is listed in {path}.'


def _how_to_go_on(runner: Runner) -> str:
    kept = 'No checkpoint was written before it.'
    if os.path.isfile(os.path.join(runner.work_dir, 'last_checkpoint')):
        latest = find_latest_checkpoint(runner.work_dir)
        kept = f'The last checkpoint, {latest}, is good: go on from it with --resume.'
    return (
        f'{kept} A smaller optim_wrapper.optimizer.lr, optim_wrapper.clip_grad.max_norm=1.0, or '
        'training without --amp (or with it and optim_wrapper.dtype=bfloat16) usually helps.'
    )
