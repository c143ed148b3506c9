"""The demo: from photographs that packages carry to a pretrained backbone and pictures of its work.

Runs the ordinary tools, each with the command that it prints, so that it is also an example.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from mmgreen import config_file

CONFIG = 'demo/swin_pretrain.py'
NUM_TRAIN, NUM_VAL, NUM_TRAIN_NEW = 880, 60, 22
IMAGE_SIZE = 192
SHEETS = {
    'new renderings over training photographs': 'train_new',
    'validation photographs, which the model has never seen': 'val',
}


def run_demo(tools: Path, data: Path, work_dir: Path) -> None:
    """Makes data, pretrains, tests and draws; prints what was done, the figures and the pictures.

    A training that was interrupted goes on where it stopped.

    Args:
        tools: the folder ``tools``.
        data: where the images are written and read.
        work_dir: where logs, checkpoints and pictures go.

    Raises:
        subprocess.CalledProcessError: if a step fails; its own message is above.
    """
    begin = time.time()
    print('The demo pretrains a small Swin on images that it makes: 5 to 10 minutes on two cores.')
    config = config_file(CONFIG)
    folders = {
        f'{loader}_dataloader.dataset.data_root': data / split
        for loader, split in (('train', 'train'), ('test', 'val'))
    }
    options = ['--cfg-options', *(f'{key}={folder}' for key, folder in folders.items())]
    counts = ['--num-train', NUM_TRAIN, '--num-val', NUM_VAL, '--num-train-new', NUM_TRAIN_NEW]
    _run(tools / 'dataset_converters/make_demo_data.py', data, *counts, '--size', IMAGE_SIZE)
    _run(tools / 'train.py', config, '--work-dir', work_dir, '--resume', *options)
    checkpoint = Path((work_dir / 'last_checkpoint').read_text())
    _run(tools / 'test.py', config, checkpoint, '--work-dir', work_dir / 'test', *options)
    for split in SHEETS.values():
        _run(
            tools / 'analysis_tools/visualize_reconstruction.py',
            *(config, checkpoint, '--img-path', data / split),
            *('--out-file', _sheet(work_dir, split), '--num-images', 6),
        )
    print(_summary(work_dir, checkpoint, time.time() - begin))


def _run(tool: Path, *arguments: object) -> None:
    command = ['python', str(tool), *map(str, arguments)]
    print(f'\n$ {shlex.join(command)}', flush=True)
    subprocess.run([sys.executable, *command[1:]], check=True)


def _sheet(work_dir: Path, split: str) -> Path:
    return work_dir / f'reconstruction_{split}.png'


def _summary(work_dir: Path, checkpoint: Path, seconds: float) -> str:
    losses = read_losses(work_dir)
    tenth = max(len(losses) // 10, 1)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    tested = _last_line(work_dir / 'test', 'reconstruction_loss')
    lines = [
        '',
        f'The demo is done, in {seconds / 60:.1f} minutes.',
        f'  Pretrained   a small Swin on {NUM_TRAIN} images, 60 % of each hidden',
        f'  Loss         {first:.3f} in the first tenth of training, {last:.3f} in the last; '
        f'{tested:.3f} on validation images',
        f'  Checkpoint   {checkpoint}',
        *(f'  Picture      {_sheet(work_dir, split)}: {what}' for what, split in SHEETS.items()),
        '  Hidden patches should show the right colours and large shapes, blurred; see',
        '  docs/reading_reconstructions.md.',
    ]
    return '\n'.join(lines)


def read_losses(work_dir: Path) -> list[float]:
    """The training losses that the runs in ``work_dir`` have logged, in the order of steps."""
    by_step = {entry['step']: entry['loss'] for entry in _log_entries(work_dir) if 'loss' in entry}
    return [by_step[step] for step in sorted(by_step)]


def _last_line(work_dir: Path, key: str) -> float:
    found = [
        entry[name] for entry in _log_entries(work_dir) for name in entry if name.endswith(key)
    ]
    return found[-1]


def _log_entries(work_dir: Path) -> list[dict]:
    """What mmengine has logged as JSON, runs in the order of their dates."""
    logs = [*work_dir.glob('*/vis_data/scalars.json'), *work_dir.glob('*/*.json')]
    lines = [line for log in sorted(logs) for line in log.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.startswith('{')]
