"""Starting a training or a test: what tools/train.py and tools/test.py do.

Configs of mmpretrain and mmdet run as well as ours.
"""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

import mmgreen.registry  # noqa: F401  (from here on configs may also inherit 'mmgreen::...')
from mmgreen.classes import check_num_classes
from mmgreen.datasets import DataError
from mmgreen.options import check_options
from mmgreen.schedule import check_schedule
from mmgreen.summary import images_per_batch

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def configure_training(
    config: str,
    work_dir: str | None = None,
    resume: str | None = None,
    amp: bool = False,
    auto_scale_lr: bool = False,
    validate: bool = True,
    pin_memory: bool = True,
    persistent_workers: bool = True,
    launcher: str = 'none',
    cfg_options: Mapping[str, Any] | None = None,
) -> Config:
    """The config of a training, with everything that the command line says.

    Args:
        config: path of the config file.
        work_dir: folder for logs and checkpoints; else the config's, or ``work_dirs/<its name>``.
        resume: 'auto' to go on from the last checkpoint in the work folder, if there is one, or the
            path of a checkpoint.
        amp: compute in fp16, or in what ``optim_wrapper.dtype`` says ('bfloat16'). Needs a GPU.
        auto_scale_lr: multiply the rate by (images for a step of the optimizer / base batch).
        validate: validate during training, if the config does.
        pin_memory: whether data loaders may use page-locked memory.
        persistent_workers: whether the workers of data loaders may live longer than an epoch.
        launcher: 'none', or what started this process among others: 'pytorch' (that is, torchrun),
            'slurm' or 'mpi'.
        cfg_options: values to change in the config, by dotted keys.

    Raises:
        FileNotFoundError, ValueError: one sentence about what has to be changed.
    """
    cfg = read_config(config, ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'))
    before = copy.deepcopy(cfg)
    cfg.launcher = launcher
    _set_work_dir(cfg, work_dir)
    if resume is not None:
        cfg.resume = True
        cfg.load_from = None if resume == 'auto' else _existing_checkpoint(resume)
        _add_hook(cfg, 'mmgreen.CheckpointMustFit')
    if amp:
        _use_amp(cfg)
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    _merge_options(cfg, before, cfg_options or {})
    _set_loss_scale(cfg)
    _set_loaders(cfg, pin_memory, persistent_workers)
    if auto_scale_lr or (cfg.get('auto_scale_lr') or {}).get('enable'):
        _scale_rate(cfg)
    check_schedule(cfg.to_dict())
    check_num_classes(cfg.to_dict())
    return cfg


def train(cfg: Config) -> Runner:
    """Trains as a config from :func:`configure_training` says; returns the runner.

    Raises:
        DataError: if the data cannot be trained on, or are too few for one batch.
    """
    runner = _build_runner(cfg)
    loader = runner.train_dataloader
    if len(loader) == 0:
        raise DataError(
            f'{len(loader.dataset)} images make no batch of {images_per_batch(loader)} in each of '
            f'{runner.world_size} processes; set train_dataloader.batch_size lower.'
        )
    runner.train()
    return runner


def configure_test(
    config: str,
    checkpoint: str,
    work_dir: str | None = None,
    out: str | None = None,
    show: bool = False,
    show_dir: str | None = None,
    wait_time: float = 2.0,
    tta: bool = False,
    launcher: str = 'none',
    cfg_options: Mapping[str, Any] | None = None,
) -> Config:
    """The config of a test, with everything that the command line says.

    Args:
        config: path of the config file.
        checkpoint: path of the checkpoint to test.
        work_dir: folder for logs; else the config's, or ``work_dirs/<its name>``.
        out: a ``.pkl`` file for the predictions of all images.
        show: show the predictions in a window.
        show_dir: folder for pictures of the predictions.
        wait_time: seconds for which each window stays.
        tta: augment at test time, as ``tta_model`` and ``tta_pipeline`` of the config say.
        launcher: see :func:`configure_training`.
        cfg_options: values to change in the config, by dotted keys.

    Raises:
        FileNotFoundError, ValueError: one sentence about what has to be changed.
    """
    cfg = read_config(config, ('model', 'test_dataloader', 'test_cfg', 'test_evaluator'))
    before = copy.deepcopy(cfg)
    cfg.launcher = launcher
    cfg.load_from = _existing_checkpoint(checkpoint)
    cfg.resume = False
    _set_work_dir(cfg, work_dir)
    _add_hook(cfg, 'mmgreen.CheckpointMustFit')
    _merge_options(cfg, before, cfg_options or {})
    _set_loaders(cfg, pin_memory=True, persistent_workers=True)
    if show or show_dir:
        _show_predictions(cfg, show, show_dir, wait_time)
    if tta:
        _augment_tests(cfg)
    if out:
        _dump_predictions(cfg, out)
    return cfg


def test(cfg: Config) -> dict[str, float]:
    """Tests as a config from :func:`configure_test` says; returns the metrics, and logs them."""
    return _build_runner(cfg).test()


def read_config(path: str, sections: tuple[str, ...]) -> Config:
    """A config file, once it is known to have what is needed.

    Raises:
        FileNotFoundError: if there is no such file; names the nearest ones.
        ValueError: if it lacks one of ``sections``.
    """
    file = Path(path)
    if not file.is_file():
        names = [each.name for each in file.parent.glob('*.py')]
        nearest = difflib.get_close_matches(file.name, names)
        hint = f'; its folder has {", ".join(nearest)}' if nearest else ''
        raise FileNotFoundError(f'There is no config {path}{hint}.')
    cfg = Config.fromfile(path)
    lacking = [each for each in sections if cfg.get(each) is None]
    if lacking:
        raise ValueError(
            f'{path} has no {", ".join(lacking)}; it may be a part for other configs to inherit, '
            'like those in configs/_base_.'
        )
    return cfg


def _build_runner(cfg: Config) -> Runner:
    _start_processes(cfg)
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def _start_processes(cfg: Config) -> None:
    """Without a GPU, starts the group of processes that mmengine would start with one."""
    if cfg.launcher == 'none' or torch.cuda.is_available():
        return
    if cfg.launcher != 'pytorch':
        raise ValueError(
            f'Without a GPU, several processes are started by torchrun and --launcher pytorch '
            f'(tools/dist_train.sh, tools/dist_test.sh), not by --launcher {cfg.launcher}.'
        )
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def _set_work_dir(cfg: Config, work_dir: str | None) -> None:
    cfg.work_dir = work_dir or cfg.get('work_dir') or f'work_dirs/{Path(cfg.filename).stem}'


def _existing_checkpoint(path: str) -> str:
    if '://' not in path and not os.path.isfile(path):
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    return path


def _add_hook(cfg: Config, name: str) -> None:
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), dict(type=name)]


def _merge_options(cfg: Config, before: Config, options: Mapping[str, Any]) -> None:
    try:
        cfg.merge_from_dict(dict(options))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f'--cfg-options do not fit the config: {error}') from error
    if 'optim_wrapper.dtype' in options and 'Amp' not in cfg.optim_wrapper.get('type', ''):
        raise ValueError('--cfg-options optim_wrapper.dtype goes together with --amp.')
    check_options(options, before.to_dict(), cfg.to_dict())


def _use_amp(cfg: Config) -> None:
    if not torch.cuda.is_available():
        raise ValueError('--amp needs a GPU, and torch sees none; without it float32 is computed.')
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp replaces the OptimWrapper of a config, and this one has {kind}.')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'


def _set_loss_scale(cfg: Config) -> None:
    if cfg.optim_wrapper.get('type') == 'AmpOptimWrapper':
        # bfloat16 has the range of float32: nothing to scale, and no waiting for the scale.
        in_bfloat16 = cfg.optim_wrapper.get('dtype') == 'bfloat16'
        scale = dict(enabled=False) if in_bfloat16 else 'dynamic'
        cfg.optim_wrapper.setdefault('loss_scale', scale)


def _scale_rate(cfg: Config) -> None:
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise ValueError('--auto-scale-lr needs auto_scale_lr.base_batch_size in the config.')
    cfg.auto_scale_lr.enable = True
    # mmengine compares images per batch; what counts is images per step of the optimizer.
    cfg.auto_scale_lr.base_batch_size /= cfg.optim_wrapper.get('accumulative_counts', 1)


def _set_loaders(cfg: Config, pin_memory: bool, persistent_workers: bool) -> None:
    """Settings that depend on the machine, and the defaults of mmpretrain's own tools."""
    for loader in (cfg.get(name) for name in LOADERS):
        if loader is None:
            continue
        if cfg.get('default_scope') == 'mmpretrain':
            loader.setdefault('collate_fn', dict(type='default_collate'))
            loader.setdefault('pin_memory', True)
            loader.setdefault('persistent_workers', True)
        if not pin_memory or not torch.cuda.is_available():
            loader.pin_memory = False
        if not persistent_workers or not loader.get('num_workers'):
            loader.persistent_workers = False


def _show_predictions(cfg: Config, show: bool, show_dir: str | None, wait_time: float) -> None:
    hook = (cfg.get('default_hooks') or {}).get('visualization')
    if hook is None:
        raise ValueError(
            '--show and --show-dir need default_hooks.visualization in the config; pictures of a '
            'pretraining are made by tools/analysis_tools/visualize_reconstruction.py.'
        )
    if hook.type.split('.')[-1] == 'DetVisualizationHook':
        hook.update(draw=True, show=show, wait_time=wait_time, test_out_dir=show_dir)
    else:
        hook.update(enable=True, interval=1, show=show, wait_time=wait_time, out_dir=show_dir)


def _augment_tests(cfg: Config) -> None:
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise ValueError('--tta needs tta_model and tta_pipeline in the config.')
    cfg.model = dict(**cfg.tta_model, module=cfg.model)
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline


def _dump_predictions(cfg: Config, out: str) -> None:
    if not out.endswith(('.pkl', '.pickle')):
        raise ValueError(f'--out takes a .pkl file, not {out}.')
    kind = 'mmdet.DumpDetResults' if cfg.get('default_scope') == 'mmdet' else 'DumpResults'
    metrics = cfg.test_evaluator
    metrics = metrics if isinstance(metrics, list | tuple) else [metrics]
    cfg.test_evaluator = [*metrics, dict(type=kind, out_file_path=out)]
