"""A training, as tools/train.py starts it. Configs of mmpretrain and mmdet run as well as ours."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmgreen.apis.launching import (
    add_hook,
    build_runner,
    check_loggers,
    count_every_sample,
    log_by_the_clock,
    merge_options,
    read_config,
    score_nothing_as_zero,
    set_loaders,
    set_work_dir,
)
from mmgreen.apis.next_steps import describe_end
from mmgreen.datasets.classes import check_num_classes
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.evaluated import check_evaluation
from mmgreen.engine.resuming import checkpoint_to_resume
from mmgreen.engine.schedules import check_schedule, without_empty_warm_ups
from mmgreen.engine.summary import clips_per_video, images_per_batch
from mmgreen.errors import InputError

ON_CPU = 'mmgreen.AmpOnCpuOptimWrapper'
TENSORBOARD = 'TensorboardVisBackend'


def configure_training(
    config: str,
    work_dir: str | None = None,
    resume: str | None = None,
    amp: bool = False,
    auto_scale_lr: bool = False,
    validate: bool = True,
    pin_memory: bool = True,
    persistent_workers: bool = True,
    tensorboard: bool = False,
    launcher: str = 'none',
    cfg_options: Mapping[str, Any] | None = None,
) -> Config:
    """The config of a training, with everything that the command line says.

    Args:
        config: path of the config file.
        work_dir: folder for logs and checkpoints; else the config's, or ``work_dirs/<its name>``.
        resume: 'auto' to go on from the last checkpoint in the work folder, or the path of a
            checkpoint. Weights and the optimizer's moments are the file's, rates, schedules and
            counts those of the config. Where the folder has none, the training begins anew.
        amp: compute in 16 bits: on a GPU in fp16, or in what ``optim_wrapper.dtype`` says
            ('bfloat16'); on a CPU in bfloat16.
        auto_scale_lr: multiply the rate by (images for a step of the optimizer / base batch).
        validate: validate during training, if the config does.
        pin_memory: whether data loaders may use page-locked memory.
        persistent_workers: whether the workers of data loaders may live longer than an epoch.
        tensorboard: write for TensorBoard, beside what is written in any case.
        launcher: 'none', or what started this process among others: 'pytorch' (that is, torchrun),
            'slurm' or 'mpi'.
        cfg_options: values to change in the config, by dotted keys.

    Raises:
        FileNotFoundError, ValueError: one sentence about what has to be changed.
    """
    cfg = read_config(config, ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'))
    before = copy.deepcopy(cfg)
    cfg.launcher = launcher
    set_work_dir(cfg, work_dir)
    _make_stops_harmless(cfg)
    log_by_the_clock(cfg)
    if amp:
        _use_amp(cfg)
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    merge_options(cfg, before, cfg_options or {})
    if tensorboard:
        _write_for_tensorboard(cfg)
    _count_batches_of_begun_epochs(cfg)
    _resume(cfg, resume)
    if not cfg.get('resume'):
        add_hook(cfg, 'mmgreen.StartMustFit')
    _set_loss_scale(cfg)
    set_loaders(cfg, pin_memory, persistent_workers)
    check_loggers(cfg)
    count_every_sample(cfg)
    score_nothing_as_zero(cfg)
    check_evaluation(cfg, 'val', cfg_options or ())
    if auto_scale_lr or (cfg.get('auto_scale_lr') or {}).get('enable'):
        _scale_rate(cfg)
    cfg.param_scheduler = without_empty_warm_ups(cfg.get('param_scheduler') or [])
    check_schedule(cfg.to_dict())
    check_num_classes(cfg.to_dict())
    return cfg


def train(cfg: Config) -> Runner:
    """Trains as a config from :func:`configure_training` says; returns the runner.

    Raises:
        DataError: if the data cannot be trained on, or are too few for one batch.
    """
    runner = build_runner(cfg)
    loader = runner.train_dataloader
    if len(loader) == 0:
        raise DataError(
            f'{len(loader.dataset)} {getattr(loader.dataset, "kind", "image")}s make no batch of '
            f'{images_per_batch(loader) // clips_per_video(loader.dataset)} in each of '
            f'{runner.world_size} processes; set train_dataloader.batch_size lower.'
        )
    runner.train()
    runner.logger.info(describe_end(runner))
    return runner


def _make_stops_harmless(cfg: Config) -> None:
    """Checkpoints that are whole at every moment, say what they are of, and come at a signal."""
    hooks = cfg.get('default_hooks') or {}
    checkpoint = hooks.get('checkpoint', dict(type='CheckpointHook', interval=1))
    if checkpoint is not None and checkpoint['type'] == 'CheckpointHook':
        checkpoint = {**checkpoint, 'type': 'mmgreen.SafeCheckpointHook'}
    cfg.default_hooks = {**hooks, 'checkpoint': checkpoint}
    for name in ('mmgreen.StoreFacts', 'mmgreen.StopOnSignal'):
        add_hook(cfg, name)


def _count_batches_of_begun_epochs(cfg: Config) -> None:
    loop = cfg.train_cfg
    if 'type' not in loop and loop.pop('by_epoch', 'max_epochs' in loop):
        loop.type = 'mmgreen.ResumableEpochLoop'
    elif 'type' not in loop:
        loop.by_epoch = False


def _resume(cfg: Config, resume: str | None) -> None:
    """Sets what the runner needs to go on, if that is asked for and there is something to go on."""
    if resume is None and cfg.get('resume'):
        resume = cfg.get('load_from') or 'auto'
    if resume is None:
        return
    checkpoint = checkpoint_to_resume(resume, cfg.work_dir)
    cfg.resume = checkpoint is not None
    if not cfg.resume:  # A start in load_from stays: a new training begins from it.
        MMLogger.get_current_instance().warning(
            f'--resume: {cfg.work_dir} holds no checkpoint, so the training begins anew.'
        )
        return
    cfg.load_from = checkpoint
    # All weights come from the checkpoint; the file of the first start may be gone.
    _forget_starts(cfg.model)
    add_hook(cfg, 'mmgreen.CheckpointMustFit')
    add_hook(cfg, 'mmgreen.ResumeWithConfig')


def _forget_starts(part: Any) -> None:
    if isinstance(part, dict):
        if isinstance(part.get('init_cfg'), dict) and part['init_cfg'].get('type') == 'Pretrained':
            part['init_cfg'] = None
        for child in part.values():
            _forget_starts(child)
    elif isinstance(part, list | tuple):
        for child in part:
            _forget_starts(child)


def _use_amp(cfg: Config) -> None:
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise InputError(f'--amp replaces the OptimWrapper of a config, and this one has {kind}.')
    on_gpu = torch.cuda.is_available()
    cfg.optim_wrapper.type = 'AmpOptimWrapper' if on_gpu else ON_CPU
    if not on_gpu:
        cfg.optim_wrapper.pop('loss_scale', None)


def _set_loss_scale(cfg: Config) -> None:
    dtype = cfg.optim_wrapper.get('dtype', 'bfloat16')
    if cfg.optim_wrapper.get('type') == ON_CPU and dtype != 'bfloat16':
        raise InputError(
            f'--amp on a CPU computes in bfloat16 only, not in {dtype}; leave out '
            'optim_wrapper.dtype, or use a GPU.'
        )
    if cfg.optim_wrapper.get('type') == 'AmpOptimWrapper':
        # bfloat16 has the range of float32: nothing to scale, and no waiting for the scale.
        in_bfloat16 = cfg.optim_wrapper.get('dtype') == 'bfloat16'
        scale = dict(enabled=False) if in_bfloat16 else 'dynamic'
        cfg.optim_wrapper.setdefault('loss_scale', scale)


def _write_for_tensorboard(cfg: Config) -> None:
    if not cfg.get('visualizer'):
        cfg.visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
    backends = cfg.visualizer.setdefault('vis_backends', [dict(type='LocalVisBackend')])
    if TENSORBOARD not in [each['type'] for each in backends]:
        backends.append(dict(type=TENSORBOARD))


def _scale_rate(cfg: Config) -> None:
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise InputError('--auto-scale-lr needs auto_scale_lr.base_batch_size in the config.')
    cfg.auto_scale_lr.enable = True
    # mmengine compares images per batch; what counts is images per step of the optimizer.
    cfg.auto_scale_lr.base_batch_size /= cfg.optim_wrapper.get('accumulative_counts', 1)
    # It takes a video for one image.
    steps = (cfg.train_dataloader.get('dataset') or {}).get('pipeline') or ()
    clips = [step.get('num_clips', 1) for step in steps if step['type'] == 'mmgreen.ReadClips']
    cfg.auto_scale_lr.base_batch_size /= clips[0] if clips else 1
