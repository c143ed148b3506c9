"""What a checkpoint says of the training that wrote it, as plain values that nothing executes.

They stand in ``meta['mmgreen']`` of the file. mmengine keeps the text of the config there, which is
code; what tools need to know is kept beside it as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmgreen.datasets.images import UnlabelledImages
from mmgreen.engine.summary import effective_batch

KEY = 'mmgreen'


def training_facts(runner: Runner) -> dict[str, Any]:
    """What is written into the checkpoints of a training.

    Returns:
        ``optimizer``: name of its class; ``parameters``: for each of its groups the names of the
        parameters; ``settings``: see :func:`settings_of`; ``steps_per_epoch``: batches of each
        process; ``images``: folder, list and number of unlabelled images, None of other data.
    """
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    optimizer = runner.optim_wrapper.optimizer
    groups = [[names[id(each)] for each in group['params']] for group in optimizer.param_groups]
    return {
        'optimizer': type(optimizer).__name__,
        'parameters': groups,
        'settings': settings_of(runner),
        'steps_per_epoch': len(runner.train_dataloader),
        'images': _images_of(runner.train_dataloader.dataset),
    }


def settings_of(runner: Runner) -> dict[str, Any]:
    """What decides about rates and steps: name -> plain value."""
    cfg = runner.cfg
    written = cfg.optim_wrapper.get('optimizer') or {}
    paramwise = cfg.optim_wrapper.get('paramwise_cfg') or {}
    return {
        **{f'optimizer.{key}': _plain(written[key]) for key in written if key != 'type'},
        **{f'paramwise_cfg.{key}': _plain(paramwise[key]) for key in paramwise},
        'clip_grad': _plain(cfg.optim_wrapper.get('clip_grad')),
        'epochs': runner.max_epochs,
        'steps': runner.max_iters,
        'batch': effective_batch(runner),
        'images': len(runner.train_dataloader.dataset),
    }


def facts_in(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in the content of a checkpoint; empty where mmgreen did not write it."""
    meta = checkpoint.get('meta')
    facts = meta.get(KEY) if isinstance(meta, Mapping) else None
    return dict(facts) if isinstance(facts, Mapping) else {}


def _images_of(dataset: Any) -> dict[str, Any] | None:
    if not isinstance(dataset, UnlabelledImages):
        return None
    return {'folder': dataset.folder, 'ann_file': dataset.ann_file, 'number': len(dataset)}


def _plain(value: Any) -> Any:
    """A value of a config as lists, dicts, numbers and texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, int | float | bool | None) else str(value)
