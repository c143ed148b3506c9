"""The demo at its smallest: data, pretraining, a detector, its scores and pictures, by the tools."""

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.fileio import load
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmgreen import config_file, demo

ROOT = Path(__file__).resolve().parent.parent

PRETRAINING = f"""
_base_ = [{config_file(demo.PRETRAINING)!r}]
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2])
    ),
    neck=dict(in_channels=128, embed_dim=32, num_heads=2),
)
train_dataloader = dict(batch_size=8)
train_cfg = dict(max_epochs=1)
param_scheduler = []
default_hooks = dict(checkpoint=dict(interval=1))
"""

# It learns the validation images by heart, so that there is something to score.
DETECTION = f"""
_base_ = [{config_file(demo.DETECTION)!r}]
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2])
    ),
    neck=dict(in_channels=[16, 32, 64, 128]),
)
train_dataloader = dict(
    dataset=dict(ann_file='annotations/val.json', data_prefix=dict(img='val/'))
)
train_cfg = dict(max_epochs=EPOCHS, val_interval=EPOCHS)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, end=10, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=EPOCHS))
"""


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """The folder of a demo that has run, and what it printed."""
    folder = tmp_path_factory.mktemp('demo')
    (folder / 'demo').mkdir()
    (folder / demo.PRETRAINING).write_text(PRETRAINING)
    (folder / demo.DETECTION).write_text(DETECTION.replace('EPOCHS', '40'))
    program = (
        'from pathlib import Path\n'
        'from mmgreen import demo\n'
        f'demo.config_file = lambda name: {str(folder)!r} + "/" + name\n'
        'demo.NUM_TRAIN, demo.NUM_VAL, demo.NUM_TRAIN_NEW = 16, 16, 6\n'
        f'demo.run_demo(Path({str(ROOT / "tools")!r}), Path("data"), Path("work"))\n'
    )
    result = subprocess.run(
        [sys.executable, '-c', program],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]
    return folder, result.stdout


def test_time(made):
    print(made[1])
    assert 0
