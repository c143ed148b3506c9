"""Whether trainings that are killed at random moments end, bit by bit, as one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from mmgreen.checkpoints import read_checkpoint
from mmgreen.engine.resuming import latest_checkpoint
from mmgreen.errors import ExistingFileError


class Soak(NamedTuple):
    """What came of killed trainings."""

    kills: int
    trainings: int
    equal: int
    """Trainings whose last weights and optimizer's moments are those of one never stopped."""

    def __str__(self) -> str:
        return (
            f'{self.equal} of {self.trainings} trainings, killed {self.kills} times in all, ended '
            'bit by bit as the one that was never stopped'
        )


def soak(
    tools: Path,
    config: str,
    work_dir: Path,
    kills: int,
    options: Sequence[str] = (),
    number: int = signal.SIGKILL,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Soak:
    """Trains once without a stop, then again and again with kills at random moments.

    Args:
        tools: the folder ``tools``.
        config: of any training; with a fixed seed, or the first run's is not another's.
        work_dir: for all runs; must not exist.
        kills: how many in all. A training that ends before its next kill is compared, and another
            one begins.
        options: further ones of ``tools/train.py``.
        number: the signal.
        seed: of the moments.
        say: is told what happens.

    Raises:
        InputError: if ``work_dir`` exists.
        subprocess.CalledProcessError: if a training fails of itself.
    """
    if work_dir.exists():
        raise ExistingFileError(f'{work_dir} exists; name a folder that does not, with --work-dir.')
    work_dir.mkdir(parents=True)
    draw = random.Random(seed)
    begin = time.monotonic()
    whole = _end_of(_start(tools, config, work_dir / 'whole', options), work_dir / 'whole')
    length = time.monotonic() - begin
    say(f'never stopped: {length:.0f} s')
    done = trainings = equal = 0
    while done < kills:
        folder = work_dir / f'killed_{trainings}'
        while done < kills:
            process = _start(tools, config, folder, options)
            moment = draw.uniform(0, length)
            if not _kill(process, moment, number):
                break
            done += 1
            say(f'kill {done} after {moment:.1f} s: {_standing(folder)}')
        same = _same(whole, _end_of(_start(tools, config, folder, options), folder))
        trainings, equal = trainings + 1, equal + same
        say(f'training {trainings} ended {"bit by bit alike" if same else "otherwise"}')
    return Soak(done, trainings, equal)


def _start(tools: Path, config: str, folder: Path, options: Sequence[str]) -> subprocess.Popen:
    command = [sys.executable, tools / 'train.py', config, '--work-dir', folder, '--resume']
    # Data loaders' workers are killed with it: they belong to its group of processes.
    return subprocess.Popen(
        [*map(str, command), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _kill(process: subprocess.Popen, after: float, number: int) -> bool:
    """Whether the process was still running then; it has ended in any case."""
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, number)
        process.communicate()
        return True
    _check(process)
    return False


def _end_of(process: subprocess.Popen, folder: Path) -> str:
    """The last checkpoint of a training that is left to end."""
    _, process.errors = process.communicate()
    _check(process)
    return latest_checkpoint(folder)


def _check(process: subprocess.Popen) -> None:
    if process.returncode:
        errors = getattr(process, 'errors', b'') or b''
        raise subprocess.CalledProcessError(process.returncode, process.args, stderr=errors[-2000:])


def _standing(folder: Path) -> str:
    path = latest_checkpoint(folder)
    return f'goes on from {Path(path).name}' if path else 'begins anew'


def _same(one: str, other: str) -> bool:
    """Whether weights and moments in two checkpoints are equal."""
    contents = [read_checkpoint(path) for path in (one, other)]
    return all(_equal(*(each[key] for each in contents)) for key in ('state_dict', 'optimizer'))


def _equal(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a == b
