"""Checkpoints of which the last good one is there at every moment."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmgreen.engine.resuming import POINTER, latest_checkpoint
from mmgreen.errors import InputError
from mmgreen.registry import HOOKS

BACKEND = 'mmgreen_atomic'
BETWEEN = 'checkpoint_between'


@register_backend(BACKEND)
class AtomicBackend(LocalBackend):
    """Local files that are whole whenever they are there: written aside, flushed, then renamed."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Writes a file, or leaves what was there.

        Raises:
            InputError: if the disk is full.
        """
        part = f'{filepath}.part'
        try:
            with open(part, 'wb') as stream:
                stream.write(obj)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            Path(part).unlink(missing_ok=True)
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            good = latest_checkpoint(Path(filepath).parent)
            raise InputError(
                f'The disk is full: {filepath} could not be written; free some space and go on '
                f'with --resume from {good or "the beginning, there is no checkpoint yet"}.'
            ) from error
        os.replace(part, filepath)


class _RemovesLater:
    """A file backend that keeps outdated files until their successors are written."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self._outdated: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._outdated.append(path)

    def remove_outdated(self, but: set[str | None]) -> None:
        outdated, self._outdated = self._outdated, []
        for path in outdated:
            if path not in but and self._backend.isfile(path):
                self._backend.remove(path)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook, with which a kill at any moment loses no checkpoint.

    Files are written aside, flushed and renamed, and outdated ones are removed afterwards. Where
    half an hour passes without a checkpoint one is written between, ``iter_N.pth``, which the next
    regular one replaces. In a folder that was moved or copied, only its own files are removed.

    Args:
        minutes: after so many without a checkpoint one is written between; None: never.
        **options: those of mmengine's CheckpointHook. With a file backend of its own (an address
            as ``out_dir``) nothing differs from it but the time.
    """

    def __init__(self, *args: Any, minutes: float | None = 30, **options: Any) -> None:
        super().__init__(*args, **options)
        self.minutes = minutes
        if self.backend_args is None and self.file_client_args is None:
            self.backend_args = {'backend': BACKEND}

    def before_train(self, runner: Runner) -> None:
        """Finds the places, and which of the checkpoints are this folder's own."""
        if '://' in str(self.out_dir) and self.backend_args == {'backend': BACKEND}:
            self.backend_args = None
        super().before_train(runner)
        self.file_backend = _RemovesLater(self.file_backend)
        self._saved_at = time.monotonic()
        if self.save_best is not None:
            self._keep_to_this_folder()

    def _keep_to_this_folder(self) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = self._own(self.best_ckpt_path)
        else:
            paths = self.best_ckpt_path_dict.items()
            self.best_ckpt_path_dict = {key: self._own(path) for key, path in paths}

    def _own(self, path: str | None) -> str | None:
        """The file of that name in this folder; None if there is none."""
        own = path and self.file_backend.join_path(self.out_dir, os.path.basename(path))
        return own if own and self.file_backend.isfile(own) else None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """The regular checkpoint of a training that counts steps, or one between."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        late = self.minutes is not None and time.monotonic() - self._saved_at > 60 * self.minutes
        if late and can_stop_after(runner):
            self.save_between(runner)

    def save_between(self, runner: Runner) -> str:
        """Writes a checkpoint after the present step, within an epoch; returns its path."""
        step = runner.iter + 1
        name = f'iter_{step}.pth'
        before = runner.message_hub.runtime_info.get(BETWEEN)
        runner.message_hub.update_info(BETWEEN, name)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=dict(epoch=runner.epoch, iter=step),
            by_epoch=False,
            backend_args=self.backend_args,
        )
        if is_main_process():
            Path(runner.work_dir, POINTER).write_text(self.last_ckpt)
            if before not in (None, name):
                self.file_backend.remove(self.file_backend.join_path(self.out_dir, before))
        self._after_saving()
        return self.last_ckpt

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        between = runner.message_hub.runtime_info.get(BETWEEN)
        runner.message_hub.update_info(BETWEEN, None)
        super()._save_checkpoint_with_step(runner, step, meta)
        if between is not None and is_main_process():
            self.file_backend.remove(self.file_backend.join_path(self.out_dir, between))
        self._after_saving()

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._after_saving()

    def _after_saving(self) -> None:
        self._saved_at = time.monotonic()
        best = getattr(self, 'best_ckpt_path', None)
        several = getattr(self, 'best_ckpt_path_dict', {}).values()
        self.file_backend.remove_outdated(but={self.last_ckpt, best, *several})


def can_stop_after(runner: Runner) -> bool:
    """Whether the present batch ends a step of the optimizer: gradients in between are not kept."""
    every = runner.cfg.optim_wrapper.get('accumulative_counts', 1)
    return (runner.iter + 1) % every == 0
