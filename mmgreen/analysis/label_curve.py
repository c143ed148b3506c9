"""Whether a start is worth it: scores over the number of labels, each start at its own best rate.

A comparison of starts at one learning rate can say anything, because random weights want a higher
one than pretrained weights do. Here each start has the best of one grid, chosen on training images;
subsets, orders and steps are the same for all; and a difference is named only where an interval
over paired seeds leaves out zero.
"""

from __future__ import annotations

import copy
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from threading import Event, Lock

from mmengine.config import Config

from mmgreen.analysis.label_report import write_report
from mmgreen.analysis.label_runs import Question, Rates, Run, read_file, read_runs
from mmgreen.analysis.label_subsets import (
    LabelledSet,
    labelled_set,
    nested_subset,
    split_for_choosing,
)
from mmgreen.engine.training_log import last_value
from mmgreen.errors import InputError, MissingFileError

Train = Callable[[Config, Path], None]
"""Trains as a config says, in a folder, or goes on there, and validates at the end."""


def label_curve(
    cfg: Config,
    question: Question,
    work_dir: Path,
    train: Train,
    say: Callable[[str], None] = print,
    jobs: int = 1,
    keep_checkpoints: bool = False,
) -> Path:
    """Trains what the question needs, and writes ``label_curve.json``, ``.md`` and ``.png``.

    Runs that are in the json file are not repeated, so that the same call goes on where it was
    stopped. The report is written after each run.

    Args:
        cfg: of a detector or a classifier.
        question: what is asked.
        work_dir: where all is written.
        train: trains one.
        say: takes a line about the progress.
        jobs: trainings at once.
        keep_checkpoints: keep the last ones of each training; a hundred would fill a disk.

    Returns:
        The path of the json file.

    Raises:
        InputError: if the question does not fit the config; names what does not.
    """
    _check(question, cfg)
    curve = _Curve(cfg, question, work_dir, train, say, keep_checkpoints)
    curve.run_all(jobs)
    return curve.path


def _check(question: Question, cfg: Config) -> None:
    missing = [path for path in question.starts.values() if path and not Path(path).is_file()]
    if missing:
        raise MissingFileError(f'There is no checkpoint {missing[0]}.')
    if len(question.seeds) < 2:
        raise InputError('--seeds must be 2 or more, for one run says nothing about chance.')
    if question.choose_runs < 1:
        raise InputError(f'--choose-runs must be 1 or more, not {question.choose_runs}.')
    if not question.starts:
        raise InputError('--starts needs one or more, as in none= own=work_dirs/mine/epoch_100.pth')
    if cfg.get('val_dataloader') is None:
        raise InputError(f'{cfg.filename} has no val_dataloader, on which starts are compared.')
    if 'max_epochs' not in cfg.train_cfg:
        raise InputError(
            f'{cfg.filename} counts no epochs; a label curve needs train_cfg.max_epochs.'
        )


class _Curve:
    def __init__(
        self,
        cfg: Config,
        question: Question,
        work_dir: Path,
        train: Train,
        say: Callable[[str], None],
        keep_checkpoints: bool,
    ) -> None:
        self.cfg, self.question, self.train, self.say = cfg, question, train, say
        self.work_dir = work_dir
        self.path = work_dir / 'label_curve.json'
        self.set: LabelledSet = labelled_set(cfg)
        self.epochs = int(cfg.train_cfg.max_epochs)
        self.batch = int(cfg.train_dataloader.batch_size)
        in_an_epoch = cfg.train_dataloader.sampler.get('samples_per_epoch') or len(self.set.labels)
        self.steps = question.steps or self.epochs * max(in_an_epoch // self.batch, 1)
        self.asked = {
            'config': cfg.filename,
            'steps': self.steps,
            **{f'start {name}': path for name, path in question.starts.items()},
        }
        self.earlier = read_file(self.path)
        self._check_earlier()
        self.done = {run.folder: run for run in read_runs(self.path)}
        self.began, self.num_trained = time.time(), 0
        self.keep_checkpoints, self.writing = keep_checkpoints, Lock()

    def _check_earlier(self) -> None:
        """Refuses to take runs that answered another question for runs of this one."""
        earlier = self.earlier.get('asked', {})
        for what, ours in self.asked.items():
            if earlier.get(what, ours) != ours:
                raise InputError(
                    f'{self.path} holds runs with another {what} ({earlier[what]}, now {ours}); '
                    'name another folder with --work-dir.'
                )

    def run_all(self, jobs: int) -> None:
        """Choices first, then results, seed by seed, so that a stopped curve is whole but wide."""
        question = self.question
        asked = list(product(question.starts, question.choose_at))
        if len(question.grid) > 1:
            self.train_all([run for start, at in asked for run in self.choices(start, at)], jobs)
        chosen = {(start, at): self.choose(start, at) for start, at in asked}
        results = []
        for seed, length, amount, start in product(
            question.seeds, question.lengths, question.amounts, question.starts
        ):
            at = amount if amount in question.choose_at else question.choose_at[0]
            results.append(Run('result', start, amount, seed, length, *chosen[start, at]))
        self.train_all(results, jobs)

    def choices(self, start: str, amount: int | None) -> list[Run]:
        """The runs of each point of the grid, split by split."""
        return [
            Run('choice', start, amount, seed, 1.0, *rates)
            for seed, rates in product(self.question.choosing_seeds, self.question.grid)
        ]

    def choose(self, start: str, amount: int | None) -> Rates:
        """The point of the grid with the best mean score on splits of the training images."""
        if len(self.question.grid) == 1:
            return self.question.grid[0]
        scores: dict[Rates, list[float]] = {rates: [] for rates in self.question.grid}
        for run in self.choices(start, amount):
            scores[Rates(run.lr, run.layer_decay)].append(self.done[run.folder].score)
        best = max(scores, key=lambda rates: statistics.mean(scores[rates]))
        self.say(f'{start}: lr {best.lr:g}, layer decay {best.layer_decay:g} are best.')
        return best

    def train_all(self, runs: Sequence[Run], jobs: int) -> None:
        """In this order, ``jobs`` at once; none is begun once one has failed."""
        stopped = Event()

        def train_one(run: Run) -> None:
            if stopped.is_set():
                return
            try:
                self.result(run)
            except BaseException:
                stopped.set()
                raise

        with ThreadPoolExecutor(jobs) as pool:
            trained = [pool.submit(train_one, run) for run in runs]
            try:
                for each in trained:
                    each.result()
            finally:  # also where the user interrupts
                stopped.set()

    def result(self, run: Run) -> Run:
        """The run with its score, trained if that was not done before."""
        if run.folder in self.done:
            return self.done[run.folder]
        begin = time.time()
        folder = self.work_dir / run.folder
        with self.writing:  # two starts have one file of annotations
            run, options = self.prepare(run)
        cfg = copy.deepcopy(self.cfg)
        cfg.merge_from_dict(options)
        self.train(cfg, folder)
        score = self.set.percent * last_value(folder, self.set.metric)
        if not self.keep_checkpoints:
            for checkpoint in folder.glob('*.pth'):
                checkpoint.unlink()
        run = replace(run, score=score, minutes=(time.time() - begin) / 60)
        with self.writing:
            self.done[run.folder] = run
            self.num_trained += 1
            self.write()
            self.say(self.progress(run))
        return run

    def prepare(self, run: Run) -> tuple[Run, dict[str, object]]:
        """The run with its numbers, and the options of its config; writes its annotation files."""
        labels, seed = self.set.labels, run.seed
        if run.purpose == 'choice':
            split = split_for_choosing(labels, run.wanted, seed)
            subset = split.training
        else:
            subset = nested_subset(labels, run.wanted, seed)
        # The schedule rests on the config's epochs, so each gets an equal part of the steps.
        per_epoch = math.ceil(self.steps * run.length / self.epochs)
        options = {
            **self.set.training_options(self.write_part(subset.places, run, 'train')),
            'train_dataloader.sampler.type': 'mmgreen.SeededSampler',
            'train_dataloader.sampler.samples_per_epoch': per_epoch * self.batch,
            'train_cfg.val_interval': self.epochs,
            'auto_scale_lr.enable': False,  # the rates of the grid are those of this batch
            'randomness.seed': seed,
            'optim_wrapper.optimizer.lr': run.lr,
            'optim_wrapper.paramwise_cfg.layer_decay_rate': run.layer_decay,
            'model.backbone.init_cfg': dict(
                _delete_=True, type='Pretrained', checkpoint=self.question.starts[run.start]
            ),
        }
        if run.purpose == 'choice':
            path = self.write_part(split.choosing.places, run, 'choose')
            options.update(self.set.validation_options(path))
        run = replace(
            run,
            labels=subset.num_labels,
            images=len(subset.places),
            steps=per_epoch * self.epochs,
        )
        return run, options

    def write_part(self, places: Sequence[int], run: Run, name: str) -> Path:
        amount = 'all' if run.wanted is None else run.wanted
        path = (
            self.work_dir / f'subsets/{run.purpose}_seed{run.seed}_{amount}_{name}{self.set.ending}'
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            self.set.write(places, path)
        return path

    def write(self) -> None:
        """All runs as json, by way of a file beside it, and the report of them."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        asked = {**self.earlier.get('asked', {}), **self.asked}
        # Reports compare with the start that was named first; readers expect seeds in a row,
        # whichever training ended first.
        order = list(asked)
        runs = sorted(
            self.done.values(), key=lambda run: (order.index(f'start {run.start}'), run.rank)
        )
        rows = [asdict(run) for run in runs]
        facts = dict(asked=asked, unit=self.set.unit, metric=self.set.metric)
        beside = self.path.with_suffix('.part')
        beside.write_text(json.dumps({**facts, 'runs': rows}, indent=1), encoding='utf-8')
        beside.replace(self.path)
        write_report(self.path)

    def progress(self, run: Run) -> str:
        """What was scored, how far all is, and how long the rest may take."""
        done, total = sum(map(self.question.asks, self.done.values())), self.question.num_runs
        each = (time.time() - self.began) / self.num_trained
        left = (total - done) * each / 3600
        return (
            f'{done} of {total}: {run.folder} scores {run.score:.1f}; '
            f'one every {each / 60:.1f} minutes, about {left:.1f} hours left.'
        )


@dataclass(frozen=True)
class TrainInProcess:
    """Trains by ``tools/train.py``, each in a process of its own; its output goes to a file."""

    tools: Path
    """The folder ``tools``."""
    flags: Sequence[str] = ()
    """Further ones, as ``--amp``."""
    jobs: int = 1
    """How many share the processor's cores."""
    running: set[subprocess.Popen] = field(default_factory=set, init=False)
    """Trainings that go on now."""

    def __call__(self, cfg: Config, folder: Path) -> None:
        """See :data:`Train`.

        Raises:
            InputError: if the training fails; says where its output is.
        """
        folder.mkdir(parents=True, exist_ok=True)
        config, output = folder / 'config.py', folder / 'output.txt'
        cfg.dump(config)
        command = [sys.executable, self.tools / 'train.py', config, '--work-dir', folder]
        threads = str(max((os.cpu_count() or 1) // self.jobs, 1))
        with output.open('a') as file:
            training = subprocess.Popen(
                [*map(str, command), '--resume', *self.flags],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={'OMP_NUM_THREADS': threads, **os.environ},
            )
        self.running.add(training)
        training.wait()
        self.running.discard(training)
        if training.returncode:
            said = output.read_text(errors='replace').strip().splitlines()[-1:]
            raise InputError(f'A training failed: {"".join(said)} Its output is {output}.')

    def stop(self) -> None:
        """Ends those that go on now; each writes a checkpoint, from which it can go on."""
        for training in tuple(self.running):
            training.terminate()


def default_grid(cfg: Config) -> list[Rates]:
    """Rates a factor of about three below and above the config's, without and with layer decay."""
    lr = float(cfg.optim_wrapper.optimizer.lr)
    rates = [float(f'{lr * factor:.2g}') for factor in (0.3, 1, 3)]
    return [Rates(*point) for point in product(rates, (1.0, 0.8))]
