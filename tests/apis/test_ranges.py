import math

import pytest

from mmgreen.apis.ranges import check_numbers
from mmgreen.errors import InputError


def config(key, value):
    """One value at a dotted key."""
    for part in reversed(key.split('.')):
        value = {part: value}
    return value


@pytest.mark.parametrize('value', [0, -1, 2.5, '8', True, math.nan])
@pytest.mark.parametrize(
    'key',
    ['train_dataloader.batch_size', 'train_cfg.max_epochs', 'optim_wrapper.accumulative_counts'],
)
def test_whole_numbers(key, value):
    with pytest.raises(InputError, match=f'{key} is {value!r}; it has to be a whole number, 1 or'):
        check_numbers(config(key, value))
    check_numbers(config(key, 1))


def test_no_workers_are_enough():
    check_numbers(config('val_dataloader.num_workers', 0))
    with pytest.raises(InputError, match='val_dataloader.num_workers is -1'):
        check_numbers(config('val_dataloader.num_workers', -1))


@pytest.mark.parametrize('value', [-1, math.nan, math.inf, 'fast', [0.1]])
@pytest.mark.parametrize('name', ['lr', 'weight_decay'])
def test_of_the_optimizer(name, value):
    key = f'optim_wrapper.optimizer.{name}'
    with pytest.raises(InputError, match=f'{key} is .*; it has to be a number, 0 or more'):
        check_numbers(config(key, value))
    check_numbers(config(key, 1e-5))


def test_what_is_not_there_passes():
    check_numbers({})
    check_numbers(dict(train_dataloader=None, optim_wrapper=dict(optimizer=None), train_cfg=None))
