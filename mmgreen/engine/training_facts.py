"""What a training says of itself in its checkpoints, see :mod:`mmgreen.checkpoints.facts`."""

from __future__ import annotations

from typing import Any

from mmengine.runner import Runner
from torch import nn

from mmgreen.checkpoints.facts import plain
from mmgreen.datasets.images import UnlabelledImages
from mmgreen.engine.summary import effective_batch
from mmgreen.engine.trained_config import trained_config
from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.models.pretraining_model import PretrainingModel


def training_facts(runner: Runner) -> dict[str, Any]:
    """What is written into the checkpoints of a training.

    Returns:
        ``optimizer``: name of its class; ``parameters``: for each of its groups the names of the
        parameters; ``settings``: see :func:`settings_of`; ``steps_per_epoch``: batches of each
        process; ``images``: folder, list and number of unlabelled images, None of other data;
        ``encoding``: see :meth:`mmgreen.models.backbones.Backbone.encoding_facts`, and ``pixels``,
        see :func:`normalisation_of`;
        ``config``: see :func:`mmgreen.engine.trained_config.trained_config`.
    """
    model = unwrapped_model(runner)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    optimizer = runner.optim_wrapper.optimizer
    groups = [[names[id(each)] for each in group['params']] for group in optimizer.param_groups]
    return {
        'optimizer': type(optimizer).__name__,
        'parameters': groups,
        'settings': settings_of(runner),
        'steps_per_epoch': len(runner.train_dataloader),
        'images': _images_of(runner.train_dataloader.dataset),
        'encoding': {**_encoding_of(model), 'pixels': normalisation_of(model)},
        'config': trained_config(runner.cfg),
    }


def settings_of(runner: Runner) -> dict[str, Any]:
    """What decides about rates and steps: name -> plain value."""
    cfg = runner.cfg
    written = cfg.optim_wrapper.get('optimizer') or {}
    paramwise = cfg.optim_wrapper.get('paramwise_cfg') or {}
    return {
        **{f'optimizer.{key}': plain(written[key]) for key in written if key != 'type'},
        **{f'paramwise_cfg.{key}': plain(paramwise[key]) for key in paramwise},
        'clip_grad': plain(cfg.optim_wrapper.get('clip_grad')),
        'epochs': runner.max_epochs,
        'steps': runner.max_iters,
        'batch': effective_batch(runner),
        'images': len(runner.train_dataloader.dataset),
    }


def normalisation_of(model: nn.Module) -> str | None:
    """By what a model normalises pixels, in words; None if it does not."""
    preprocessor = getattr(model, 'data_preprocessor', None)
    values = [getattr(preprocessor, name, None) for name in ('mean', 'std')]
    if None in values:
        return None
    mean, std = ([round(each, 3) for each in value.flatten().tolist()] for value in values)
    return f'mean={mean}, std={std}'


def _images_of(dataset: Any) -> dict[str, Any] | None:
    if not isinstance(dataset, UnlabelledImages):
        return None
    return {'folder': dataset.folder, 'ann_file': dataset.ann_file, 'number': len(dataset)}


def _encoding_of(model: nn.Module) -> dict[str, str]:
    backbone = getattr(model, 'backbone', None)
    if not hasattr(backbone, 'encoding_facts'):
        return {}
    return backbone.encoding_facts(pretraining=isinstance(model, PretrainingModel))
