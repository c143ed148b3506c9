"""Is pretraining worth it on tree crowns in aerial photographs? The demo's question on real images.

Runs the ordinary tools, each with the command that it prints, so that it is also an example.
"""

from __future__ import annotations

import time
from pathlib import Path

from mmgreen import config_file
from mmgreen.demo import NETS, steps

# Of detection: labels, seeds and steps of each training. Either start has its own best rate. With
# 60 crowns AP is near 0 after so few steps, whatever it starts from.
BOXES, SEEDS, STEPS, RATES = 'all', 3, 450, ('5e-4:1', '1e-3:1')
WHERE = 'on a part of the site that no training has seen'


def run_survey(
    tools: Path, data: Path, work_dir: Path, method: str = 'greenmim', wheel: str | None = None
) -> None:
    """Pretrains on all pixels of a site, then trains detectors with its few labels.

    Prints both scores and what can be said of them. What was interrupted goes on where it stopped.

    Args:
        tools: the folder ``tools``.
        data: where the images are written and read.
        work_dir: where logs, checkpoints and pictures go.
        method: one of ``SURVEY_METHODS``.
        wheel: of deepforest, where it is at hand; else pip downloads it.

    Raises:
        subprocess.CalledProcessError: if a step fails; its own message is above.
    """
    begin = time.time()
    net = NETS[method]
    print(
        f'Aerial photographs are cut, a small {net.capitalize()} is pretrained on them, and a '
        f'Faster R-CNN\nis trained with the labelled tree crowns, some 400, from that and from '
        f'random weights, {SEEDS} times\neach. Stopped, the same command goes on.'
    )
    make_data(tools, data, wheel)
    checkpoint = pretrain(tools, data, work_dir, net)
    pretrained = time.time()
    curve = compare_starts(tools, data, work_dir, checkpoint, net)
    minutes = ((pretrained - begin) / 60, (time.time() - pretrained) / 60)
    print('\n'.join(_summary(work_dir, checkpoint, curve, minutes)))


def make_data(tools: Path, data: Path, wheel: str | None) -> None:
    """Writes the set, if it is not there."""
    if not (data / 'unlabelled').is_dir():
        arguments = ['--wheel', wheel] if wheel else []
        steps.run_tool(tools / 'dataset_converters/make_survey_data.py', data, *arguments)


def pretrain(tools: Path, data: Path, work_dir: Path, net: str) -> Path:
    """Pretrains on the tiles without labels, or goes on with it; returns the last checkpoint."""
    loaders = ('train_dataloader', 'val_dataloader')
    options = {f'{loader}.dataset.data_root': data / 'unlabelled' for loader in loaders}
    return steps.train(tools, config_file(f'survey/{net}_pretrain.py'), work_dir, options)


def compare_starts(tools: Path, data: Path, work_dir: Path, checkpoint: Path, net: str) -> Path:
    """Trains the detector with all labels from both starts, or goes on with it."""
    options = {
        'train_dataloader.dataset.data_root': data,
        'val_dataloader.dataset.data_root': data,
        'val_evaluator.ann_file': data / 'val.json',
    }
    return steps.label_curve(
        *(tools, config_file(f'survey/{net}_faster_rcnn.py')),
        *(steps.both_starts(checkpoint), work_dir / 'detection'),
        ('--boxes', BOXES, '--seeds', SEEDS, '--steps', STEPS, '--grid', *RATES),
        options,
    )


def _summary(
    work_dir: Path, checkpoint: Path, curve: Path, minutes: tuple[float, float]
) -> list[str]:
    share = steps.last_share_of_a_tint(work_dir)
    return [
        '',
        f'The survey is done: pretraining took {minutes[0]:.1f} minutes, detection '
        f'{minutes[1]:.1f}.',
        '',
        *steps.answer(curve, WHERE),
        '',
        f'  Pretrained   {checkpoint}',
        f'  Learned      the error on hidden squares of held-out tiles is {share:.2f} of that of '
        "each square's tint",
        f'  Figure       {curve.with_suffix(".png")}',
        '  docs/should_i_pretrain.md says how to ask this of your own images.',
    ]
