"""What a training or test has logged, read back from its work folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from mmgreen.errors import MissingFileError


class TrainingLog(NamedTuple):
    """Values by step, over all runs that went on with one another; a step run twice counts once."""

    training: dict[str, dict[int, float]]
    """By name as in ``loss``, then by step of the training."""
    validation: dict[str, dict[int, float]]
    """By name as in ``coco/bbox_mAP``, then by the step after which was validated."""


def read_log_entries(work_dir: str | Path, with_tests: bool = True) -> list[dict]:
    """What mmengine has logged as JSON, the runs in the order of their dates."""
    work_dir = Path(work_dir)
    logs = list(work_dir.glob('*/vis_data/scalars.json'))
    if with_tests:
        # A test writes DATE/DATE.json; other json files beside it are results.
        logs += [path for path in work_dir.glob('*/*.json') if path.stem == path.parent.name]
    lines = [line for log in sorted(logs) for line in log.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.startswith('{')]


def read_training_log(work_dir: str | Path) -> TrainingLog:
    """Everything that was logged of the training in a work folder.

    Raises:
        MissingFileError: if nothing was.
    """
    training: dict[str, dict[int, float]] = {}
    validation: dict[str, dict[int, float]] = {}
    step = 0
    for entry in read_log_entries(work_dir, with_tests=False):
        is_training = 'loss' in entry
        step = entry.get('iter', entry['step']) if is_training else step
        values = training if is_training else validation
        for name, value in entry.items():
            if name not in _COUNTERS and isinstance(value, (int, float)):
                values.setdefault(name, {})[step] = value
    if not training:
        raise MissingFileError(
            f'{work_dir} has no log of a training (DATE/vis_data/scalars.json); give the work '
            'folder of one that has made some steps.'
        )
    return TrainingLog(training, validation)


def last_value(work_dir: str | Path, key: str) -> float:
    """What the runs in a work folder have last logged under a name that ends in ``key``.

    Raises:
        MissingFileError: if no run has.
    """
    entries = read_log_entries(work_dir)
    found = [entry[name] for entry in entries for name in entry if name.endswith(key)]
    if not found:
        raise MissingFileError(
            f'{work_dir} has no log with a value {key}: what was trained there was never scored. '
            'Delete that folder and give the command again.'
        )
    return found[-1]


_COUNTERS = ('epoch', 'iter', 'step', 'memory')
