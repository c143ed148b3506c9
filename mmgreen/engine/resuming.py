"""A training that goes on from a checkpoint under the config of today.

mmengine restores rates, decays and schedules as the file has them, whatever the config says now,
and counts steps as if the batch were the old one. Here the weights and the optimizer's moments come
from the file and everything else from the config: at each step the rate is what a training with
this config from the beginning would have there. With an unchanged config that is the same training
to the last bit.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmgreen.errors import InputError, MissingFileError

POINTER = 'last_checkpoint'


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """The checkpoint from which a training in this folder goes on; None where there is none.

    The file ``last_checkpoint`` names it, by a path that no longer holds where the folder was moved
    or copied: a file of that name in the folder itself comes first. Where the file is missing or
    names nothing, the checkpoint of the highest number counts.
    """
    folder = Path(work_dir)
    pointer = folder / POINTER
    named = Path(pointer.read_text().strip()) if pointer.is_file() else None
    if named is not None and named.name:
        for path in (folder / named.name, named):
            if path.is_file():
                return os.path.abspath(path)
    numbered = {
        path: int(found[2])
        for path in folder.glob('*.pth')
        if (found := re.fullmatch(r'(epoch|iter)_(\d+)', path.stem))
    }
    return os.path.abspath(max(numbered, key=numbered.get)) if numbered else None


def checkpoint_to_resume(resume: str, work_dir: str) -> str | None:
    """The file that ``--resume`` means: 'auto' the latest in the work folder, else the path itself.

    Raises:
        MissingFileError: if a path is given and there is no such file.
    """
    if resume == 'auto':
        return latest_checkpoint(work_dir)
    if '://' not in resume and not os.path.isfile(resume):
        raise MissingFileError(f'There is no checkpoint {resume}.')
    return resume


def place_now(meta: Mapping[str, Any], facts: Mapping[str, Any], runner: Runner) -> int:
    """The step at which training goes on, counted in the batches of today.

    Args:
        meta: of the checkpoint, with ``epoch`` and ``iter``.
        facts: of the checkpoint.
        runner: with the loop of today.
    """
    if not isinstance(runner.train_loop, EpochBasedTrainLoop):
        return meta['iter']
    length = len(runner.train_loop.dataloader)
    epoch, step = meta['epoch'], meta['iter']
    earlier = facts.get('steps_per_epoch') or (step // epoch if epoch else length)
    done = step - epoch * earlier
    return epoch * length + done * length // earlier


def optimizer_state(
    stored: Mapping[str, Any], facts: Mapping[str, Any], wrapper: OptimWrapper, names: Mapping
) -> dict[str, Any]:
    """An optimizer's state with the moments of the file and the settings of today.

    Args:
        stored: what ``OptimWrapper.state_dict`` gave when the file was written.
        facts: of the checkpoint.
        wrapper: the one of today, built and at its first step.
        names: of the model's parameters, by ``id``.

    Returns:
        What its ``load_state_dict`` takes. Moments go by the names of parameters, so groups may be
        divided otherwise than in the file.

    Raises:
        InputError: if the file is of another optimizer, or does not say which moments are whose.
    """
    kind = type(wrapper.optimizer).__name__
    if facts.get('optimizer', kind) != kind:
        raise InputError(
            f'The checkpoint was written with {facts["optimizer"]}, the config has {kind}, which '
            f'cannot go on with its state: keep {facts["optimizer"]}, or start a new training from '
            'the weights with load_from instead of --resume.'
        )
    groups = wrapper.optimizer.param_groups
    now = [[names[id(each)] for each in group['params']] for group in groups]
    then = facts.get('parameters') or now
    places = [group['params'] for group in stored['param_groups']]
    if [len(each) for each in places] != [len(each) for each in then]:
        raise InputError(
            'The optimizer has other groups of parameters than the checkpoint, which does not say '
            'whose its moments are: resume with the paramwise_cfg that it was written with.'
        )
    place_of = {
        name: place
        for members, indices in zip(then, places, strict=True)
        for name, place in zip(members, indices, strict=True)
    }
    order = [name for members in now for name in members]
    state = {
        i: stored['state'][place_of[name]]
        for i, name in enumerate(order)
        if place_of.get(name) in stored['state']
    }
    numbers = iter(range(len(order)))
    settings = [
        {
            **{key: group[key] for key in group if key != 'params'},
            'params': [next(numbers) for _ in m],
        }
        for group, m in zip(groups, now, strict=True)
    ]
    rest = {key: stored[key] for key in stored if key not in ('state', 'param_groups')}
    if 'base_param_settings' in rest:
        rest['base_param_settings'] = wrapper.base_param_settings
    return {**rest, 'state': state, 'param_groups': settings}


def schedulers_of(runner: Runner) -> list[_ParamScheduler]:
    """All schedulers of a runner, built."""
    found = runner.param_schedulers or []
    return [each for part in found.values() for each in part] if isinstance(found, dict) else found


def can_be_replayed(schedulers: list[_ParamScheduler]) -> bool:
    """Whether rates follow from the number of steps alone, and not from what validation gave."""
    return not any(getattr(each, 'need_val_args', False) for each in schedulers)


def replay(schedulers: list[_ParamScheduler], steps: int, epochs: int, length: int) -> None:
    """Moves schedulers from the beginning to where a training stands, by the same steps.

    Args:
        schedulers: as they are built, before their first step.
        steps: batches so far.
        epochs: whole epochs so far.
        length: batches of an epoch.
    """
    by_step = [each for each in schedulers if not each.by_epoch]
    by_epoch = [each for each in schedulers if each.by_epoch]
    with warnings.catch_warnings():
        # torch's warning that the optimizer has made no step: those were made before the stop.
        warnings.simplefilter('ignore')
        for _ in range(epochs):
            _step(by_step, length)
            _step(by_epoch, 1)
        _step(by_step, steps - epochs * length)


def _step(schedulers: list[_ParamScheduler], times: int) -> None:
    if schedulers:
        for _ in range(times):
            for each in schedulers:
                each.step()


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs between two settings, in words; '' if nothing does."""
    return ', '.join(
        f'{key} {then.get(key)} -> {now.get(key)}'
        for key in {**then, **now}
        if then.get(key) != now.get(key)
    )
