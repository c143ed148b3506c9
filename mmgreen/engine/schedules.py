"""Whether the schedule of the learning rate and the training end together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmgreen.errors import InputError

# Those that lead up to the rate and then leave it alone: alone they may end before the training.
WARM_UPS = ('LinearLR', 'ConstantLR', 'LinearParamScheduler', 'ConstantParamScheduler')


def check_schedule(config: Mapping) -> None:
    """Refuses a schedule that does not end where the training does.

    ``train_cfg.max_epochs=50`` alone leaves a schedule of 800 epochs as it was, so the rate would
    never come down. Schedulers that count in another unit than the training are not looked at.

    Args:
        config: a config with ``train_cfg`` and ``param_scheduler``, of any project.

    Raises:
        ValueError: says where both end, and which options make them end together.
    """
    training = config.get('train_cfg') or {}
    unit = 'epoch' if 'max_epochs' in training else 'iter'
    goal = training.get(f'max_{unit}s')
    if goal is None:
        return
    schedulers = {
        path: scheduler
        for path, scheduler in _schedulers(config.get('param_scheduler') or [], 'param_scheduler')
        if scheduler.get('by_epoch', True) == (unit == 'epoch')
    }
    for path, scheduler in schedulers.items():
        begin, end = scheduler.get('begin', 0), scheduler.get('end')
        length = scheduler.get('T_max')
        if (end is not None and begin >= end) or (length is not None and length <= 0):
            raise InputError(
                f'{path} begins at {unit} {begin} and ends at {unit} {end}, so nothing of the '
                f'schedule is left after the warm-up: train beyond {unit} {goal}, or shorten '
                'the warm-up (warmup at the top of a starter).'
            )
        # mmdet's YOLOX counts from 0 what begins later; what is out of these bounds is a slip.
        if None not in (end, length) and not end - begin <= length <= end:
            raise InputError(
                f'{path} goes from {unit} {begin} to {end}, but its cosine takes {length} {unit}s; '
                f'set {path}.T_max={end - begin}.'
            )
        late = [each for each in scheduler.get('milestones', ()) if each > goal]
        if late:
            raise InputError(
                f'The milestone {late[0]} of {path} is never reached, since the training ends at '
                f'{unit} {goal}; set {path}.milestones to earlier {unit}s.'
            )
    _check_ends(schedulers, unit, goal)


def without_empty_warm_ups(schedulers: Mapping | Sequence) -> Any:
    """``param_scheduler`` of a config without warm-ups of no length, which mmengine refuses."""
    if isinstance(schedulers, Mapping) and 'type' in schedulers:
        return schedulers
    if isinstance(schedulers, Mapping):
        return {key: without_empty_warm_ups(each) for key, each in schedulers.items()}
    return [each for each in schedulers if not _is_empty_warm_up(each)]


def _is_empty_warm_up(scheduler: Mapping) -> bool:
    is_warm_up = scheduler['type'].split('.')[-1] in WARM_UPS
    return is_warm_up and scheduler.get('end') == scheduler.get('begin', 0)


def _check_ends(schedulers: Mapping[str, Mapping], unit: str, goal: int) -> None:
    ends = [_end(each) for each in schedulers.values()]
    if not ends or None in ends:
        return
    end = max(ends)
    only_warm_up = all(each['type'].split('.')[-1] in WARM_UPS for each in schedulers.values())
    if end > goal or (end < goal and not only_warm_up):
        mend = ' '.join(_mended(schedulers, end, goal))
        raise InputError(
            f'The learning-rate schedule ends at {unit} {end} and the training at {unit} {goal}; '
            f'set train_cfg.max_{unit}s={end}, or {mend}.'
        )


def _end(scheduler: Mapping) -> int | None:
    """Where a scheduler ends; None if it goes on as long as the training."""
    if scheduler.get('end') is None and 'T_max' in scheduler:
        return scheduler.get('begin', 0) + scheduler['T_max']
    return scheduler.get('end')


def _mended(schedulers: Mapping[str, Mapping], end: int, goal: int) -> Iterator[str]:
    """Options with which every scheduler keeps its share of a training of ``goal``."""
    # A warm-up of 40 epochs stays as it is in 100, and has to shrink in 30.
    fits = all(each.get('begin', 0) < goal for each in schedulers.values())

    def moved(place: int) -> int:
        if place == end:
            return goal
        return place if fits or not place else max(1, round(place * goal / end))

    for path, scheduler in schedulers.items():
        begin, stop = scheduler.get('begin', 0), _end(scheduler)
        if moved(begin) != begin:
            yield f'{path}.begin={moved(begin)}'
        if stop is not None and moved(stop) != stop:
            yield f'{path}.end={moved(stop)}'
        if 'T_max' in scheduler and moved(stop) - moved(begin) != scheduler['T_max']:
            yield f'{path}.T_max={moved(stop) - moved(begin)}'


def _schedulers(schedulers: Mapping | list, path: str) -> Iterator[tuple[str, Mapping]]:
    """All schedulers, one, a list or named lists of them, with their dotted paths."""
    if isinstance(schedulers, Mapping) and 'type' in schedulers:
        yield path, schedulers
    else:
        items = schedulers.items() if isinstance(schedulers, Mapping) else enumerate(schedulers)
        for key, each in items:
            yield from _schedulers(each, f'{path}.{key}')
