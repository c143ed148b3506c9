"""What a label curve asks, the trainings of which it consists, and the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

CHOOSING_SEED = 10_000  # of the first split on which rates are chosen, none of a result


class Rates(NamedTuple):
    """One point of the grid."""

    lr: float
    layer_decay: float


@dataclass(frozen=True)
class Run:
    """One training, and what it scored; a row of ``label_curve.json``."""

    purpose: str
    """'choice', validated on training images to choose rates; 'result', on the validation set."""
    start: str
    wanted: int | None
    """Labels asked for; None: all."""
    seed: int
    length: float
    """How many times the usual steps."""
    lr: float
    layer_decay: float
    labels: int = 0
    """Labels that the subset has."""
    images: int = 0
    steps: int = 0
    score: float | None = None
    """In percent."""
    minutes: float = 0.0

    @property
    def folder(self) -> str:
        """Where it is trained, below the work folder."""
        amount = 'all' if self.wanted is None else self.wanted
        rates = f'lr{self.lr:g}_decay{self.layer_decay:g}'
        return f'{self.purpose}/{self.start}/{amount}_x{self.length:g}_{rates}_seed{self.seed}'

    @property
    def rank(self) -> tuple:
        """Its place among the runs of its start: few labels first, all of them last, by seed."""
        labels = (self.wanted is None, self.wanted or 0)
        return self.purpose, self.length, labels, self.lr, self.layer_decay, self.seed


class Question(NamedTuple):
    """What is asked: which starts, over which amounts of labels."""

    starts: Mapping[str, str | None]
    """Checkpoint by name; None: random weights."""
    amounts: Sequence[int | None]
    seeds: Sequence[int]
    grid: Sequence[Rates]
    choose_at: Sequence[int | None]
    """With these amounts rates are chosen: each of ``amounts``, or one that serves all."""
    lengths: Sequence[float] = (1.0,)
    steps: int | None = None
    """Of a training of length 1; None: as many as the config makes of the whole training set."""
    choose_runs: int = 1
    """Trainings for each point of the grid, each on another split; their mean decides."""

    @property
    def choosing_seeds(self) -> Sequence[int]:
        """Of the splits on which rates are chosen."""
        return range(CHOOSING_SEED, CHOOSING_SEED + self.choose_runs)

    @property
    def num_runs(self) -> int:
        """Choices and results of all starts."""
        of_point = len(self.choose_at) * self.choose_runs
        choices = of_point * len(self.grid) if len(self.grid) > 1 else 0
        results = len(self.seeds) * len(self.lengths) * len(self.amounts)
        return len(self.starts) * (choices + results)

    def asks(self, run: Run) -> bool:
        """Whether a run is one of these, and not of an earlier question in the same folder."""
        if run.start not in self.starts:
            return False
        if run.purpose == 'choice':
            of_grid = len(self.grid) > 1 and (run.lr, run.layer_decay) in self.grid
            return of_grid and run.wanted in self.choose_at and run.seed in self.choosing_seeds
        return run.seed in self.seeds and run.length in self.lengths and run.wanted in self.amounts


def read_runs(path: Path) -> Iterator[Run]:
    """The runs in a ``label_curve.json``; none where there is no such file."""
    for row in read_file(path).get('runs', ()):
        yield Run(**row)


def read_file(path: Path) -> dict:
    """A ``label_curve.json``; empty where there is no such file."""
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
