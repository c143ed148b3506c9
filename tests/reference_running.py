"""A small pretraining project for tests of the runner: a config, and images of which one is cut."""

import numpy as np
from PIL import Image

import mmgreen

CONFIG = f"""
_base_ = [{mmgreen.config_file('greenmim/swin_t_pretrain.py')!r}]
model = dict(
    mask_ratio=0.5,
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
        img_size=64,
    ),
    neck=dict(in_channels=64, embed_dim=16, num_heads=2, img_size=64),
)
crop = dict(
    type='mmpretrain.RandomResizedCrop', scale=64, crop_ratio_range=(0.2, 1.0), backend='pillow'
)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(
        data_root='images',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            crop,
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(
        data_root='images',
        pipeline=[dict(type='mmgreen.ReadImage'), crop, dict(type='mmpretrain.PackInputs')],
    ),
)
train_cfg = dict(max_epochs=3)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=2, begin=1, end=3, convert_to_iter_based=True),
]
log_processor = dict(window_size=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
"""


def make_project(folder):
    """``tiny.py``, and 10 images in ``images``; 3.jpg cannot be read to its end."""
    (folder / 'tiny.py').write_text(CONFIG)
    (folder / 'images').mkdir()
    generator = np.random.default_rng(0)
    for i in range(10):
        pixels = generator.integers(0, 256, (96, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f'images/{i}.jpg')
    broken = folder / 'images/3.jpg'
    broken.write_bytes(broken.read_bytes()[:2000])
