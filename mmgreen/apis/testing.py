"""A test, as tools/test.py starts it. Configs of mmpretrain and mmdet run as well as ours."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmgreen.apis.console import ConsoleTestRunner
from mmgreen.apis.launching import (
    add_hook,
    build_runner,
    check_loggers,
    count_every_sample,
    existing_checkpoint,
    log_by_the_clock,
    merge_options,
    read_config,
    score_nothing_as_zero,
    set_loaders,
    set_work_dir,
)
from mmgreen.apis.pipelines import draw_thin
from mmgreen.datasets.evaluated import check_evaluation
from mmgreen.errors import InputError


def configure_test(
    config: str,
    checkpoint: str,
    work_dir: str | None = None,
    out: str | None = None,
    show: bool = False,
    show_dir: str | None = None,
    labels: bool = True,
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
        labels: whether pictures of a detector have names and scores at the boxes.
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
    cfg.load_from = existing_checkpoint(checkpoint)
    cfg.resume = False
    set_work_dir(cfg, work_dir)
    add_hook(cfg, 'mmgreen.CheckpointMustFit')
    log_by_the_clock(cfg)
    merge_options(cfg, before, cfg_options or {})
    set_loaders(cfg, pin_memory=True, persistent_workers=True)
    check_loggers(cfg)
    count_every_sample(cfg)
    score_nothing_as_zero(cfg)
    check_evaluation(cfg, 'test', cfg_options or ())
    if show or show_dir:
        _show_predictions(cfg, show, show_dir, labels, wait_time)
    if tta:
        _augment_tests(cfg)
    if out:
        _dump_predictions(cfg, out)
    return cfg


def test(cfg: Config) -> dict[str, float]:
    """Tests as a config from :func:`configure_test` says; returns the metrics, and logs them."""
    return build_runner(cfg, ConsoleTestRunner).test()


def _show_predictions(
    cfg: Config, show: bool, show_dir: str | None, labels: bool, wait_time: float
) -> None:
    hook = (cfg.get('default_hooks') or {}).get('visualization')
    if hook is None:
        raise InputError(
            '--show and --show-dir need default_hooks.visualization in the config; pictures of a '
            'pretraining are made by tools/analysis_tools/visualize_reconstruction.py.'
        )
    if hook.type.split('.')[-1] == 'DetVisualizationHook':
        cfg.default_hooks.visualization = dict(
            type='mmgreen.DrawDetections',
            draw=True,
            score_thr=hook.get('score_thr', 0.3),
            show=show,
            wait_time=wait_time,
            test_out_dir=show_dir,
        )
        draw_thin(cfg, labels)
    else:
        hook.update(enable=True, interval=1, show=show, wait_time=wait_time, out_dir=show_dir)


def _augment_tests(cfg: Config) -> None:
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise InputError('--tta needs tta_model and tta_pipeline in the config.')
    cfg.model = dict(**cfg.tta_model, module=cfg.model)
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline


def _dump_predictions(cfg: Config, out: str) -> None:
    if not out.endswith(('.pkl', '.pickle')):
        raise InputError(f'--out takes a .pkl file, not {out}.')
    kind = 'mmdet.DumpDetResults' if cfg.get('default_scope') == 'mmdet' else 'DumpResults'
    metrics = cfg.test_evaluator
    metrics = metrics if isinstance(metrics, list | tuple) else [metrics]
    cfg.test_evaluator = [*metrics, dict(type=kind, out_file_path=out)]
