"""What short trainings give at a fixed seed, to the last digit: whether a change alters results.

Only the tools are called, by their command lines, so that the same file judges any state of the
package. Figures are those of one machine: make them before a change and after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from mmgreen import config_file

STEPS, BATCH = 3, 2
CLASSES = ('one', 'two')
# By family: the config that is trained, where its data are, and what makes it small.
FAMILIES = {
    'swin': ('demo/swin_pretrain.py', 'train', ''),
    'twins': (
        'demo/swin_pretrain.py',
        'train',
        "model = dict(backbone=dict(_delete_=True, type='mmgreen.GreenTwins', arch='svt_small'), "
        "neck=dict(in_channels=512), head=dict(target='norm_pixel'))",
    ),
    'hiera': ('demo/hiera_pretrain.py', 'train', ''),
    'mae': ('demo/vit_pretrain.py', 'train', ''),
    'simmim': (
        'simmim/swin_b_pretrain.py',
        'train',
        "model = dict(backbone=dict(arch='tiny'), neck=dict(in_channels=768))",
    ),
    'detector': ('demo/swin_mask_rcnn.py', '', ''),
    'classifier': (
        'hiera/hiera_t_finetune.py',
        'classes',
        f'number = dict(num_classes={len(CLASSES)})\n'
        'model = dict(data_preprocessor=number, head=number)\n'
        f'train_dataloader["dataset"]["metainfo"] = dict(classes={CLASSES})',
    ),
}


def reference_outputs(tools: Path, work_dir: Path) -> dict[str, object]:
    """Trains one small net of each family for three steps, and draws one reconstruction.

    Args:
        tools: the folder ``tools`` of the state that is judged.
        work_dir: a folder for data, configs and checkpoints, which must not exist.

    Returns:
        For each of ``FAMILIES`` all losses of each step, and the SHA-256 of the weights after them;
        under 'reconstruction' that of a picture by the Swin.

    Raises:
        FileExistsError: if ``work_dir`` exists.
        subprocess.CalledProcessError: if a tool fails; its own message is above.
    """
    work_dir.mkdir(parents=True)
    data = work_dir / 'data'
    counts = ('--num-train', STEPS * BATCH, '--num-val', 2)
    _run(tools / 'dataset_converters/make_demo_data.py', data, *counts, '--size', 192)
    for name in CLASSES:
        shutil.copytree(data / 'train', data / 'classes' / name)
    outputs = {family: _train(tools, family, data, work_dir) for family in FAMILIES}
    picture = work_dir / 'reconstruction.png'
    _run(
        tools / 'analysis_tools/visualize_reconstruction.py',
        *(work_dir / 'swin.py', work_dir / 'swin/epoch_1.pth'),
        *('--img-path', data / 'val', '--out-file', picture, '--device', 'cpu'),
    )
    return {**outputs, 'reconstruction': hashlib.sha256(picture.read_bytes()).hexdigest()}


def differences(outputs: Mapping, others: Mapping) -> list[str]:
    """The names of what differs between two outputs of :func:`reference_outputs`."""
    return [name for name in {**outputs, **others} if outputs.get(name) != others.get(name)]


def _train(tools: Path, family: str, data: Path, work_dir: Path) -> dict[str, object]:
    base, folder, changes = FAMILIES[family]
    config = work_dir / f'{family}.py'
    config.write_text(
        f"""_base_ = ['{config_file(base)}']
train_dataloader = dict(
    batch_size={BATCH}, num_workers=0, persistent_workers=False,
    dataset=dict(data_root='{data / folder}', indices={STEPS * BATCH}),
)
train_cfg = dict(max_epochs=1)
param_scheduler = []
auto_scale_lr = dict(enable=False)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
randomness = dict(seed=0)
{changes}
"""
    )
    run = work_dir / family
    _run(tools / 'train.py', config, '--work-dir', run, '--no-validate')
    (log,) = run.glob('*/vis_data/scalars.json')
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    return {
        'losses': [{key: step[key] for key in step if 'loss' in key} for step in steps],
        'weights': _digest(torch.load(run / 'epoch_1.pth', weights_only=False)['state_dict']),
    }


def _digest(weights: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].numpy().tobytes())
    return digest.hexdigest()


def _run(tool: Path, *arguments: object) -> None:
    command = [str(tool), *map(str, arguments)]
    print('$ python', shlex.join(command), file=sys.stderr, flush=True)
    environment = {**os.environ, 'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '2'}
    subprocess.run(
        [sys.executable, *command], check=True, env=environment, stdout=subprocess.DEVNULL
    )
