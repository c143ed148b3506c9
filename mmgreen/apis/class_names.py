"""What the outputs of a model are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.logging import MMLogger

from mmgreen.datasets.classes import classes_in, classes_of, compare_classes
from mmgreen.datasets.errors import DataError
from mmgreen.errors import InputError


def class_names(
    cfg: Config, content: Mapping[str, Any], config: str, checkpoint: str
) -> Sequence[str]:
    """Names of the classes: the checkpoint's, else the config's; what differs is logged.

    Args:
        cfg: the config.
        content: of the checkpoint file.
        config: its path, for messages.
        checkpoint: likewise.

    Raises:
        InputError: if neither has names.
    """
    log = MMLogger.get_current_instance()
    trained = classes_in(content)
    given = classes_of(cfg.test_dataloader.dataset)
    given = tuple(given) if isinstance(given, list | tuple) else ()
    if not (trained or given):
        raise InputError(
            f'Neither {checkpoint} nor {config} has names of classes; set '
            'test_dataloader.dataset.metainfo=dict(classes=(...)), in the order of training.'
        )
    if not trained:
        log.warning(f'{checkpoint} has no names of classes: those of {config} are taken, {given}.')
        return given
    try:
        warning = compare_classes(trained, given, checkpoint, f'{config} has')
    except DataError:
        warning = f'{config} has the classes in another order, {given}.'
    if warning:
        log.warning(f'{warning} They are named as in the checkpoint, {trained}.')
    return trained
