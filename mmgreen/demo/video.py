"""The demo with clips, of which one frame does not tell the class: was pretraining worth it?

Runs the ordinary tools, each with the command that it prints, so that it is also an example.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from mmgreen import config_file
from mmgreen.analysis.label_report import interval, verdict
from mmgreen.analysis.label_runs import Run, read_runs
from mmgreen.demo import steps
from mmgreen.demo.moving import MOTIONS
from mmgreen.demo.steps import PRETRAINED, RANDOM

NUM_TRAIN, NUM_VAL = 600, 200
# Of the classifier: labels, seeds and steps of each training, and the rates of which each start has
# its own best.
VIDEOS, SEEDS, STEPS, GRID = 60, 3, 200, ('2e-3:1', '4e-3:1')
SEEDS_AS_LONG = 2  # of the trainings that last as long as pretraining; both cores have one
PRETRAINING = config_file('demo/hiera_video_pretrain.py')
CLASSIFIER = config_file('demo/hiera_video_classifier.py')
LOADERS = ('train_dataloader', 'val_dataloader')
# A clip that stands still, at the frame in the middle of its video.
STILL = {
    f'{loader}.dataset.pipeline.0.{key}': value
    for loader in LOADERS
    for key, value in (('stride', 0), ('spread', True))
}


def run_video_demo(tools: Path, data: Path, work_dir: Path) -> None:
    """Pretrains on many clips, then trains classifiers with few labels, from that and from nothing.

    Prints the scores and what can be said of them. A training that was interrupted goes on where
    it stopped.

    Args:
        tools: the folder ``tools``.
        data: where the clips are written and read.
        work_dir: where logs, checkpoints and pictures go.

    Raises:
        subprocess.CalledProcessError: if a step fails; its own message is above.
    """
    begin = time.time()
    print(
        f'The demo makes {NUM_TRAIN} clips in which a shape moves, pretrains a small Hiera on '
        f'them, and trains\na classifier with {VIDEOS} of their labels from that and from random '
        f'weights, {SEEDS} times each,\nat the better of {len(GRID)} rates for either.'
    )
    checkpoint = pretrain(tools, data, work_dir)
    draw_reconstructions(tools, data, work_dir, checkpoint)
    pretrained = time.time()
    curve = compare_starts(tools, data, work_dir, checkpoint)
    still = show_one_frame(tools, data, work_dir, checkpoint, curve)
    length = train_as_long(tools, data, work_dir, curve)
    minutes = ((pretrained - begin) / 60, (time.time() - pretrained) / 60)
    print('\n'.join(_summary(work_dir, checkpoint, (curve, still), length, minutes)))


def pretrain(tools: Path, data: Path, work_dir: Path) -> Path:
    """Makes the clips and pretrains on them, or goes on with it; returns the last checkpoint."""
    steps.run_tool(
        tools / 'dataset_converters/make_demo_clips.py',
        *(data, '--num-train', NUM_TRAIN, '--num-val', NUM_VAL),
    )
    return steps.train(tools, PRETRAINING, work_dir, _folders(data))


def draw_reconstructions(tools: Path, data: Path, work_dir: Path, checkpoint: Path) -> None:
    """A sheet of clips over photographs that no training has seen."""
    steps.run_tool(
        tools / 'analysis_tools/visualize_reconstruction.py',
        *(PRETRAINING, checkpoint, '--img-path', data / 'val'),
        *('--out-file', _sheet(work_dir), '--num-images', 5),
    )


def compare_starts(tools: Path, data: Path, work_dir: Path, checkpoint: Path) -> Path:
    """Trains the classifier with few labels from both starts; returns the label curve."""
    return _label_curve(tools, data, work_dir / 'classifier', steps.both_starts(checkpoint), GRID)


def show_one_frame(tools: Path, data: Path, work_dir: Path, checkpoint: Path, curve: Path) -> Path:
    """Trains it from the pretraining on clips that stand still, at the rates chosen for moving."""
    run = _results(curve, PRETRAINED)[0]
    rates = (f'{run.lr:g}:{run.layer_decay:g}',)
    starts = {PRETRAINED: checkpoint}
    return _label_curve(tools, data, work_dir / 'one_frame', starts, rates, options=STILL)


def train_as_long(tools: Path, data: Path, work_dir: Path, curve: Path) -> int:
    """Trains from random weights for as long as pretraining and training took, by their logs.

    Returns:
        How many times the usual steps that was.
    """
    processes = 1 if torch.cuda.is_available() else steps.PROCESSES
    before = steps.processor_minutes(work_dir, processes)
    of_each = [steps.processor_minutes(curve.parent / run.folder) for run in _results(curve)]
    length = 1 + round(before / statistics.mean(of_each))
    lengths = ('--lengths', length)
    _label_curve(tools, data, curve.parent, {RANDOM: ''}, GRID, lengths, seeds=SEEDS_AS_LONG)
    return length


def _label_curve(
    tools: Path,
    data: Path,
    folder: Path,
    starts: Mapping[str, object],
    grid: tuple[str, ...],
    arguments: tuple[object, ...] = (),
    options: Mapping[str, object] | None = None,
    seeds: int = SEEDS,
) -> Path:
    asked = ('--videos', VIDEOS, '--seeds', seeds, '--steps', STEPS, '--grid', *grid, *arguments)
    options = {**_folders(data), **(options or {})}
    return steps.label_curve(tools, CLASSIFIER, starts, folder, asked, options)


def _folders(data: Path) -> dict[str, object]:
    folders = (data / 'train', data / 'val')
    return {
        f'{loader}.dataset.data_root': folder
        for loader, folder in zip(LOADERS, folders, strict=True)
    }


def _sheet(work_dir: Path) -> Path:
    return work_dir / 'reconstruction_val.png'


def _results(curve: Path, start: str | None = None, length: float = 1) -> list[Run]:
    """Those of a start, or of both, that were trained for so many times the steps; by seed."""
    return sorted(
        (
            run
            for run in read_runs(curve)
            if (run.purpose, run.length) == ('result', length) and start in (None, run.start)
        ),
        key=lambda run: run.seed,
    )


def _summary(
    work_dir: Path,
    checkpoint: Path,
    curves: tuple[Path, Path],
    length: int,
    minutes: tuple[float, float],
) -> list[str]:
    curve, still = curves
    pretrained = _results(curve, PRETRAINED)
    others = {
        f'{RANDOM} with the same steps': _results(curve, RANDOM),
        f'{RANDOM} with the same minutes, {length} times the steps': _results(
            curve, RANDOM, length
        ),
    }
    rows = {
        **others,
        PRETRAINED: pretrained,
        f'{PRETRAINED}, one frame repeated': _results(still, PRETRAINED),
    }
    width, chance = max(map(len, rows)), 100 / len(MOTIONS)
    share = steps.last_share_of_a_tint(work_dir)
    return [
        '',
        f'The demo is done: pretraining took {minutes[0]:.1f} minutes, classifiers '
        f'{minutes[1]:.1f}.',
        '',
        f'  Accuracy with {VIDEOS} labelled clips, on {NUM_VAL} clips over photographs that no '
        f'training has seen; chance is {chance:.0f}',
        *(f'    {name:{width}}  {_scores(runs)}' for name, runs in rows.items()),
        *(f'  {_sentence(pretrained, runs, name)}' for name, runs in others.items()),
        '',
        f'  Pretrained   a small Hiera on {NUM_TRAIN} clips, half of each hidden',
        f'  Learned      vs_patch_mean {share:.2f} on the other clips: 1 is a tint for each '
        'hidden patch',
        '  Minutes      of the processor, by the logs: those of pretraining and training together',
        f'  Checkpoint   {checkpoint}',
        f'  Picture      {_sheet(work_dir)}',
        f'  Figures      {curve} and {still}',
    ]


def _scores(runs: list[Run]) -> str:
    each = ', '.join(f'{run.score:.1f}' for run in runs)
    return f'{interval([run.score for run in runs]).mean:5.1f}   ({each})'


def _sentence(ours: list[Run], theirs: list[Run], name: str) -> str:
    """What can be said of two, paired by seed: of one seed both have the same labels."""
    of_ours = {run.seed: run.score for run in ours}
    gains = [of_ours[run.seed] - run.score for run in theirs]
    said = verdict(PRETRAINED, name, interval(gains))
    return said[0].upper() + said[1:]
