"""From the file of a config and a command line to a runner: what training and testing share."""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

import mmgreen.registry  # noqa: F401  (from here on configs may also inherit 'mmgreen::...')
from mmgreen import config_names
from mmgreen.apis.console import ConsoleRunner, hide_logged
from mmgreen.apis.options import check_options
from mmgreen.apis.ranges import LOADERS, check_numbers
from mmgreen.datasets.caps import tell_caps
from mmgreen.datasets.palette import give_colours
from mmgreen.errors import InputError, MissingFileError

# Of these none takes the place of another in a test: the score would be that of other data.
SCORED = ('mmgreen.LabelledImages', 'mmgreen.LabelledClips')


def read_config(path: str, sections: tuple[str, ...]) -> Config:
    """A config file, once it is known to have what is needed.

    Raises:
        FileNotFoundError: if there is no such file; names the nearest ones, else those of ours.
        ValueError: if it lacks one of ``sections``.
    """
    file = Path(path)
    if not file.is_file():
        names = [each.name for each in file.parent.glob('*.py')]
        nearest = difflib.get_close_matches(file.name, names)
        hint = f'; its folder has {", ".join(nearest)}' if nearest else ''
        ours = difflib.get_close_matches(path.removeprefix('configs/'), config_names())
        if ours and not nearest:
            hint = f', nor does mmgreen ship it; the nearest that it ships are {", ".join(ours)}'
        raise MissingFileError(f'There is no config {path}{hint}.')
    try:
        cfg = Config.fromfile(path)
    except InputError:
        raise
    except Exception as error:  # a config is code, and may raise anything
        raise InputError(f'{path} cannot be read: {type(error).__name__}: {error}.') from error
    lacking = [each for each in sections if cfg.get(each) is None]
    if lacking:
        raise InputError(
            f'{path} has no {", ".join(lacking)}; it may be a part for other configs to inherit, '
            'like those in configs/_base_.'
        )
    return cfg


def build_runner(cfg: Config, kind: type[Runner] = ConsoleRunner) -> Runner:
    """The runner of a config: of its own ``runner_type`` if it names one, else of ``kind``."""
    _start_processes(cfg)
    hide_logged(MMLogger.get_current_instance())
    return RUNNERS.build(cfg) if 'runner_type' in cfg else kind.from_cfg(cfg)


def _start_processes(cfg: Config) -> None:
    """Without a GPU, starts the group of processes that mmengine would start with one."""
    if cfg.launcher == 'none' or torch.cuda.is_available():
        return
    if cfg.launcher != 'pytorch':
        raise InputError(
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


def set_work_dir(cfg: Config, work_dir: str | None) -> None:
    """The folder of the command line, else the config's, else ``work_dirs/<its name>``.

    Raises:
        InputError: if a file is there.
    """
    cfg.work_dir = work_dir or cfg.get('work_dir') or f'work_dirs/{Path(cfg.filename).stem}'
    folder = Path(cfg.work_dir)
    in_the_way = [path for path in (folder, *folder.parents) if path.is_file()]
    if in_the_way:
        raise InputError(f'{in_the_way[0]} is a file; give a folder with --work-dir.')


def existing_checkpoint(path: str) -> str:
    """``path``, unless it is of this machine and there is no such file."""
    if '://' not in path and not os.path.isfile(path):
        raise MissingFileError(f'There is no checkpoint {path}.')
    return path


def add_hook(cfg: Config, name: str) -> None:
    """One more among ``custom_hooks``, unless the config has it already."""
    hooks = cfg.get('custom_hooks') or []
    if name not in [each.get('type') for each in hooks]:
        cfg.custom_hooks = [*hooks, dict(type=name)]


def log_by_the_clock(cfg: Config) -> None:
    """Lines of progress come to the console every 20 s, where mmengine's hook would log."""
    hooks = cfg.get('default_hooks') or {}
    logger = hooks.get('logger', dict(type='LoggerHook'))
    if logger is not None and logger['type'] == 'LoggerHook':
        cfg.default_hooks = {**hooks, 'logger': {**logger, 'type': 'mmgreen.TimedLoggerHook'}}


def merge_options(cfg: Config, before: Config, options: Mapping[str, Any]) -> None:
    """Merges ``--cfg-options`` into ``cfg``; those that nothing reads are refused.

    Args:
        cfg: the config, flags of the command line included.
        before: the config as its file has it.
        options: dotted keys and their values.
    """
    try:
        cfg.merge_from_dict(dict(options))
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(f'--cfg-options do not fit the config: {error}') from error
    if 'optim_wrapper.dtype' in options and 'Amp' not in cfg.optim_wrapper.get('type', ''):
        raise InputError('--cfg-options optim_wrapper.dtype goes together with --amp.')
    check_options(options, before.to_dict(), cfg.to_dict())


# The package that each of mmengine's backends for logs needs.
LOGGERS = {
    'TensorboardVisBackend': 'tensorboard',
    'WandbVisBackend': 'wandb',
    'MLflowVisBackend': 'mlflow',
    'ClearMLVisBackend': 'clearml',
    'NeptuneVisBackend': 'neptune',
    'DVCLiveVisBackend': 'dvclive',
    'AimVisBackend': 'aim',
}


def check_loggers(cfg: Config) -> None:
    """Refuses a backend for logs whose package is not installed."""
    for backend in (cfg.get('visualizer') or {}).get('vis_backends') or ():
        name = str(backend['type']).split('.')[-1]
        package = LOGGERS.get(name)
        if package and importlib.util.find_spec(package) is None:
            raise InputError(
                f'visualizer.vis_backends has {name}, whose package {package} is not installed: '
                f"'pip install {package}', or take it out."
            )


def set_loaders(cfg: Config, pin_memory: bool, persistent_workers: bool) -> None:
    """Settings that depend on the machine, the defaults of mmpretrain's own tools, and colours."""
    check_numbers(cfg.to_dict())
    tell_caps(cfg)
    for name, loader in ((name, cfg.get(name)) for name in LOADERS):
        if loader is None:
            continue
        dataset = loader.get('dataset') or {}
        if cfg.get('default_scope') == 'mmdet':
            give_colours(dataset)
        if name != 'train_dataloader' and dataset.get('type') in SCORED:
            dataset.setdefault('test_mode', True)
        if cfg.get('default_scope') == 'mmpretrain':
            loader.setdefault('collate_fn', dict(type='default_collate'))
            loader.setdefault('pin_memory', True)
            loader.setdefault('persistent_workers', True)
        if not pin_memory or not torch.cuda.is_available():
            loader.pin_memory = False
        if not persistent_workers or not loader.get('num_workers'):
            loader.persistent_workers = False


def count_every_sample(cfg: Config) -> None:
    """Evaluation counts what its sampler gives; mmengine's loops count each image once at most."""
    for part, loop in (('val', 'ValLoop'), ('test', 'TestLoop')):
        settings = cfg.get(f'{part}_cfg')
        if settings is not None and settings.get('type', loop) == loop:
            settings.type = f'mmgreen.Sample{loop}'


def score_nothing_as_zero(cfg: Config) -> None:
    """Evaluation of a detector that finds nothing is 0; mmdet's CocoMetric gives no score then."""
    if cfg.get('default_scope') != 'mmdet':
        return
    for part in ('val', 'test'):
        evaluators = cfg.get(f'{part}_evaluator')
        for each in evaluators if isinstance(evaluators, list | tuple) else [evaluators]:
            if each and each.get('type') in ('CocoMetric', 'mmdet.CocoMetric'):
                each.type = 'mmgreen.CocoMetric'
