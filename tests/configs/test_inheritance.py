"""A project of somebody else: mmgreen from its wheel, and mmdet's own tools/train.py.

The examples are read from docs/inherit_our_configs.md; networks are made small, and images few.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mmdet
import pytest
import torch
from PIL import Image, ImageDraw
from repository import ROOT
from test_packaging import IGNORED, PARTS

from mmgreen.models import GreenSwin

EXAMPLES = re.findall(
    r'```python\n(.*?)```', (ROOT / 'docs/inherit_our_configs.md').read_text(), flags=re.S
)
TRAIN = Path(mmdet.__file__).parent / '.mim/tools/train.py'

DATA = """
classes = ('square',)
own = dict(data_root='data/', metainfo=dict(classes=classes), data_prefix=dict(img='images/'))
image = dict(type='mmcv.transforms.LoadImageFromFile')
small = dict(type='mmdet.Resize', scale=(64, 64))
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        **own,
        ann_file='squares.json',
        pipeline=[
            image,
            dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
            small,
            dict(type='mmdet.PackDetInputs'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        **own,
        ann_file='squares.json',
        pipeline=[image, small, dict(type='mmdet.PackDetInputs')],
    ),
)
val_evaluator = dict(ann_file='data/squares.json')
train_cfg = dict(max_epochs=1)
"""

ARCH = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
SMALL_MASK_RCNN = f"""
_base_ = 'theirs.py'
{DATA}
heads = dict(num_classes=len(classes))
model = dict(
    backbone=dict(arch=dict(_delete_=True, **{ARCH})),
    neck=dict(in_channels=[8, 16, 32, 64]),
    roi_head=dict(bbox_head=heads, mask_head=heads),
    train_cfg=dict(rpn_proposal=dict(max_per_img=50), rcnn=dict(sampler=dict(num=16))),
    test_cfg=dict(
        rpn=dict(max_per_img=50),
        rcnn=dict(score_thr=0.0, max_per_img=5),  # so that there is something to score
    ),
)
param_scheduler = []
randomness = dict(seed=0)
"""

MY_DETECTOR = """
from mmdet.models import FPN, DetDataPreprocessor, FocalLoss, L1Loss, RetinaHead, RetinaNet
from mmdet.models.task_modules import (
    AnchorGenerator, DeltaXYWHBBoxCoder, MaxIoUAssigner, PseudoSampler,
)

default_scope = 'mmdet'
model = dict(
    type=RetinaNet,
    data_preprocessor=dict(
        type=DetDataPreprocessor,
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    neck=dict(type=FPN, in_channels=[16, 32, 64], out_channels=16, num_outs=5),
    bbox_head=dict(
        type=RetinaHead,
        num_classes=1,
        in_channels=16,
        feat_channels=16,
        stacked_convs=1,
        anchor_generator=dict(
            type=AnchorGenerator,
            octave_base_scale=4,
            scales_per_octave=3,
            ratios=[0.5, 1.0, 2.0],
            strides=[8, 16, 32, 64, 128],
        ),
        bbox_coder=dict(type=DeltaXYWHBBoxCoder),
        loss_cls=dict(type=FocalLoss),
        loss_bbox=dict(type=L1Loss),
    ),
    train_cfg=dict(
        assigner=dict(type=MaxIoUAssigner, pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
        sampler=dict(type=PseudoSampler),
        allowed_border=-1,
        pos_weight=-1,
    ),
    test_cfg=dict(nms_pre=100, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5)),
)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmdet.CocoDataset',
        data_root='data/',
        ann_file='squares.json',
        data_prefix=dict(img='images/'),
        metainfo=dict(classes=('square',)),
    ),
)
"""
SMALL_RETINANET = f"""
from mmengine.config import read_base

with read_base():
    from .theirs import *

model.backbone.update(arch=dict(**{ARCH}))
train_cfg.update(max_epochs=1)
val_cfg = test_cfg = None
"""


@pytest.fixture(scope='module')
def project(tmp_path_factory, python):
    """A folder with the wheel's content, images, and a pretrained backbone."""
    folder = tmp_path_factory.mktemp('their project')
    checkout = tmp_path_factory.mktemp('checkout')
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, checkout / part, symlinks=True, ignore=IGNORED)
        else:
            shutil.copy(ROOT / part, checkout / part)
    pip = [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-build-isolation']
    subprocess.run([*pip, '--target', str(folder / 'installed'), str(checkout)], check=True)
    write_data(folder / 'data')
    (folder / 'python').symlink_to(python)
    found = run(folder, '-c', 'import mmgreen; print(mmgreen.__file__)')
    assert Path(found.strip()).is_relative_to(folder)
    torch.save(GreenSwin(ARCH).state_dict(), folder / 'pretrained.pth')
    return folder


def write_data(folder):
    (folder / 'images').mkdir(parents=True)
    images, annotations = [], []
    for number in range(4):
        image = Image.new('RGB', (96, 64), 'white')
        ImageDraw.Draw(image).rectangle((10, 10, 50, 40), 'red')
        image.save(folder / f'images/{number}.png')
        images.append(dict(id=number, file_name=f'{number}.png', width=96, height=64))
        outline = [[10, 10, 50, 10, 50, 40, 10, 40]]
        annotations.append(
            dict(id=number, image_id=number, category_id=1, bbox=[10, 10, 40, 30], area=1200,
                 iscrowd=0, segmentation=outline)
        )  # fmt: skip
    categories = [dict(id=1, name='square')]
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / 'squares.json').write_text(json.dumps(content))


def run(folder, *arguments):
    """Runs Python in ``folder``, where mmgreen is that of the wheel; returns what it printed."""
    environment = {
        **os.environ,
        'PYTHONPATH': str(folder / 'installed'),
        'OMP_NUM_THREADS': '1',
        'CUDA_VISIBLE_DEVICES': '',
    }
    result = subprocess.run(
        [folder / 'python', *map(str, arguments)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    return result.stdout


def train(project, number, config):
    """Trains the page's example of that number with the changes of ``config``."""
    (project / 'theirs.py').write_text(EXAMPLES[number])
    (project / 'small.py').write_text(config)
    said = run(project, TRAIN, 'small.py', '--work-dir', f'out{number}')
    assert re.search(r'Loaded 100\.0 % of the parameters of the backbone from', said)
    assert (project / f'out{number}/epoch_1.pth').is_file()
    return said


def test_a_config_that_inherits_ours(project):
    said = train(project, 0, SMALL_MASK_RCNN)
    assert '4 images with 4 objects to train on' in said
    assert 'Groups of parameters' in said and f'{1e-4 * 0.9**5:.4g} ' in said
    assert 'coco/bbox_mAP' in said and 'coco/segm_mAP' in said


def test_a_config_of_mmdet_with_our_backbone(project):
    said = train(project, 1, SMALL_MASK_RCNN)
    assert 'Groups of parameters' in said and f'{1e-4 * 0.9**5:.4g} ' in said
    assert 'coco/bbox_mAP' in said and 'coco/segm_mAP' in said


def test_a_pure_python_config_that_reads_fragments_of_ours(project):
    (project / 'my_detector.py').write_text(MY_DETECTOR)
    train(project, 2, SMALL_RETINANET)
    cfg = (project / 'out2/small.py').read_text()
    assert 'augmentations_640' in cfg and 'LayerDecayOptimWrapperConstructor' in cfg
