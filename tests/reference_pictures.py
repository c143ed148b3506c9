"""A small pretraining, and images of odd names and sizes to draw."""

import numpy as np
from mmengine.config import Config
from PIL import Image

PIPELINE = [
    dict(type='mmgreen.ReadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=96),
    dict(type='mmcv.transforms.CenterCrop', crop_size=96),
    dict(type='mmpretrain.PackInputs'),
]


def model_cfg(target='norm_pixel'):
    arch = dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8])
    return dict(
        type='mmgreen.MaskedAutoencoder',
        backbone=dict(type='mmgreen.GreenSwin', arch=arch, drop_path_rate=0.0),
        neck=dict(
            type='mmgreen.MIMDecoder', in_channels=128, embed_dim=16, num_heads=2, img_size=96
        ),
        head=dict(type='mmgreen.MIMHead', target=target),
        data_preprocessor=dict(
            type='mmpretrain.SelfSupDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            to_rgb=True,
        ),
    )


def loader(folder):
    return dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
        dataset=dict(type='mmgreen.UnlabelledImages', data_root=str(folder), pipeline=PIPELINE),
    )


def make_folder(tmp_path):
    """Images of odd names and sizes; red on the left, blue on the right."""
    folder = tmp_path / 'my images'
    folder.mkdir()
    for name, size in (('a b.png', (100, 130)), ('Ünïcode.JPG', (300, 97)), ('c.d.jpeg', (96, 96))):
        pixels = np.zeros((*size, 3), dtype=np.uint8)
        pixels[:, : size[1] // 2, 0] = 200
        pixels[:, size[1] // 2 :, 2] = 200
        Image.fromarray(pixels).save(folder / name)
    return folder


def make_config(folder):
    return Config(
        dict(model=model_cfg(), train_dataloader=loader(folder), test_dataloader=loader(folder))
    )
