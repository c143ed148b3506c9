"""The demo: many images without labels, few with them, and whether pretraining was worth it.

Runs the ordinary tools, each with the command that it prints, so that it is also an example.
"""

from __future__ import annotations

import time
from pathlib import Path

from mmgreen import config_file
from mmgreen.analysis.label_runs import read_runs
from mmgreen.demo import NETS, steps
from mmgreen.demo.steps import PRETRAINED
from mmgreen.engine.training_log import last_value, read_training_log

NUM_TRAIN, NUM_VAL, NUM_TRAIN_NEW = 880, 120, 22
IMAGE_SIZE, SCENES = 192, ('--grey',)
# Of detection: labels, seeds and steps of each training, and the rates of which each start has its
# own best.
BOXES, SEEDS, STEPS, GRID = 60, 3, 120, ('1e-3:1', '3e-3:1')
_VALIDATION = f'on {NUM_VAL} images over photographs that no training has seen'
SHEETS = {
    'new renderings over training photographs': 'train_new',
    'validation photographs, which the model has never seen': 'val',
}


def run_demo(tools: Path, data: Path, work_dir: Path, method: str = 'greenmim') -> None:
    """Pretrains on many images, then trains detectors with few labels, from that and from nothing.

    Prints both scores and what can be said of them. A training that was interrupted goes on where
    it stopped.

    Args:
        tools: the folder ``tools``.
        data: where the images are written and read.
        work_dir: where logs, checkpoints and pictures go.
        method: one of ``NETS``.

    Raises:
        subprocess.CalledProcessError: if a step fails; its own message is above.
    """
    begin = time.time()
    print(
        f'The demo makes {NUM_TRAIN} images, pretrains a small {_title(method)} on them, and '
        f'trains a small\nMask R-CNN with {BOXES} labelled objects from that and from random '
        f'weights, {SEEDS} times each,\nat the better of {len(GRID)} rates for either.'
    )
    checkpoint = pretrain(tools, data, work_dir, method)
    draw_reconstructions(tools, data, work_dir, checkpoint, method)
    pretrained = time.time()
    curve = compare_starts(tools, data, work_dir, checkpoint, method)
    predict(tools, data, work_dir, _a_detector(curve), method)
    minutes = ((pretrained - begin) / 60, (time.time() - pretrained) / 60)
    print(_summary(work_dir, checkpoint, curve, minutes, method))


def pretrain(tools: Path, data: Path, work_dir: Path, method: str = 'greenmim') -> Path:
    """Makes the data and pretrains on them, or goes on with it; returns the last checkpoint."""
    counts = ['--num-train', NUM_TRAIN, '--num-val', NUM_VAL, '--num-train-new', NUM_TRAIN_NEW]
    steps.run_tool(
        tools / 'dataset_converters/make_demo_data.py',
        *(data, *counts, '--size', IMAGE_SIZE, *SCENES),
    )
    options = {
        'train_dataloader.dataset.data_root': data / 'train',
        'val_dataloader.dataset.data_root': data / 'val',
    }
    return steps.train(tools, _pretraining(method), work_dir, options)


def draw_reconstructions(
    tools: Path, data: Path, work_dir: Path, checkpoint: Path, method: str
) -> None:
    """A sheet of reconstructions of each kind of image."""
    for split in SHEETS.values():
        steps.run_tool(
            tools / 'analysis_tools/visualize_reconstruction.py',
            *(_pretraining(method), checkpoint, '--img-path', data / split),
            *('--out-file', _sheet(work_dir, split), '--num-images', 6),
        )


def compare_starts(tools: Path, data: Path, work_dir: Path, checkpoint: Path, method: str) -> Path:
    """Trains the small Mask R-CNN with few labels from both starts; returns the label curve."""
    loaders = ('train_dataloader', 'val_dataloader')
    options = {f'{loader}.dataset.data_root': data for loader in loaders}
    options['val_evaluator.ann_file'] = data / 'annotations/val.json'
    return steps.label_curve(
        *(tools, _detection(method), steps.both_starts(checkpoint), work_dir / 'detection'),
        ('--boxes', BOXES, '--seeds', SEEDS, '--steps', STEPS, '--grid', *GRID),
        options,
        keep_checkpoints=True,
    )


def _a_detector(curve: Path) -> Path:
    """The folder of the first detector that was trained from the pretraining."""
    runs = read_runs(curve)
    run = next(run for run in runs if (run.purpose, run.start) == ('result', PRETRAINED))
    return curve.parent / run.folder


def predict(tools: Path, data: Path, work_dir: Path, detector: Path, method: str) -> None:
    """Pictures of what a detector finds in validation images."""
    steps.run_tool(
        tools / 'predict.py',
        *(_detection(method), steps.last_checkpoint(detector), data / 'val'),
        *('--out-dir', work_dir / 'predictions'),
    )


def _pretraining(method: str) -> str:
    return config_file(f'demo/{NETS[method]}_pretrain.py')


def _detection(method: str) -> str:
    return config_file(f'demo/{NETS[method]}_mask_rcnn.py')


def _title(method: str) -> str:
    return {'vit': 'ViT'}.get(NETS[method], NETS[method].capitalize())


def _sheet(work_dir: Path, split: str) -> Path:
    return work_dir / f'reconstruction_{split}.png'


def _summary(
    work_dir: Path, checkpoint: Path, curve: Path, minutes: tuple[float, float], method: str
) -> str:
    losses = list(read_training_log(work_dir).training['loss'].values())
    tenth = max(len(losses) // 10, 1)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    share, detector = steps.last_share_of_a_tint(work_dir), _a_detector(curve)
    of_detector = steps.last_checkpoint(detector)
    lines = [
        '',
        f'The demo is done: pretraining took {minutes[0]:.1f} minutes, detection {minutes[1]:.1f}.',
        '',
        *steps.answer(curve, _VALIDATION),
        '',
        f'  Pretrained   a small {_title(method)} on {NUM_TRAIN} images, 60 % of each hidden',
        f'  Loss         {first:.3f} in the first tenth of training, {last:.3f} in the last',
        f'  Learned      vs_patch_mean {share:.2f} on validation images: 1 is a tint '
        'for each hidden patch',
        f'  Checkpoint   {checkpoint}',
        *(f'  Picture      {_sheet(work_dir, split)}: {what}' for what, split in SHEETS.items()),
        "  Of hidden patches the mean is given; shapes and shades, blurred, are the model's; see",
        '  docs/reading_reconstructions.md.',
        '',
        f'  Detector     the first of those from that checkpoint: {of_detector}',
        *(f'    {line}' for line in _scores(detector)),
        f'  Predictions  {work_dir / "predictions"}: pictures, and one COCO-format file',
    ]
    return '\n'.join(lines)


def _scores(folder: Path) -> list[str]:
    """A table of average precision in percent, of boxes and of masks."""
    columns = {'AP': 'mAP', 'AP50': 'mAP_50', 'AP75': 'mAP_75'}
    rows = [f'{"":6}' + ''.join(f'{name:>7}' for name in columns)]
    for title, kind in (('box', 'bbox'), ('mask', 'segm')):
        values = [100 * last_value(folder, f'coco/{kind}_{key}') for key in columns.values()]
        rows.append(f'{title:6}' + ''.join(f'{value:7.1f}' for value in values))
    return rows
