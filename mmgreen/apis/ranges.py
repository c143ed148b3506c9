"""Numbers of a config that no training could work with, refused before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from mmgreen.errors import InputError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Dotted keys, and the least that a whole number there can be.
WHOLE = {
    **{f'{loader}.batch_size': 1 for loader in LOADERS},
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
    **{f'train_cfg.{key}': 1 for key in ('max_epochs', 'max_iters', 'val_interval')},
    'optim_wrapper.accumulative_counts': 1,
}
# Those that are finite and not negative.
FINITE = ('lr', 'weight_decay')


def check_numbers(config: Mapping[str, Any]) -> None:
    """Refuses a number of the loaders, the loop or the optimizer that cannot be meant.

    Raises:
        InputError: names the key, the value, and what it has to be.
    """
    for key, least in WHOLE.items():
        number = _value_at(config, key)
        if number is None:
            continue
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise InputError(f'{key} is {number!r}; it has to be a whole number, {least} or more.')
    for name in FINITE:
        key = f'optim_wrapper.optimizer.{name}'
        number = _value_at(config, key)
        if number is not None and not _is_finite(number):
            raise InputError(f'{key} is {number!r}; it has to be a number, 0 or more.')


def _value_at(config: Mapping[str, Any], key: str) -> Any:
    for part in key.split('.'):
        config = config.get(part) if isinstance(config, Mapping) else None
    return config


def _is_finite(number: Any) -> bool:
    return isinstance(number, int | float) and isfinite(number) and number >= 0
