# The demo: GreenMIM pretraining of a small Swin at 128 px, on images that it makes itself.
#
#   python tools/dataset_converters/make_demo_data.py data/demo
#   python tools/train.py configs/demo/swin_pretrain.py
#
# Batch: 1 process x 32 images. Ours, and may change: it is to show, in minutes on two CPU cores,
# that everything works. Plain pixels are the target, so that colours in pictures are the model's.
_base_ = [
    '../_base_/imagenet_mim_224.py',
    '../_base_/greenmim_schedule.py',
    '../_base_/pretrain_runtime.py',
]

size = 128
epochs = 40
warmup = 3
batch_size = 32

model = dict(
    type='mmgreen.MaskedAutoencoder',
    mask_ratio=0.6,
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    backbone=dict(
        type='mmgreen.GreenSwin',
        arch=dict(embed_dims=32, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8]),
        img_size=size,
        window_size=4,  # a map of any stage is whole windows, here and in detection
        drop_path_rate=0.0,
        norm_eps=1e-6,
    ),
    neck=dict(
        type='mmgreen.MIMDecoder', in_channels=256, embed_dim=256, num_heads=8, img_size=size
    ),
    head=dict(type='mmgreen.MIMHead', target='pixel'),
)
loader = dict(batch_size=batch_size, num_workers=2)
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_root='data/demo/train',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(
                type='mmpretrain.RandomResizedCrop',
                scale=size,
                crop_ratio_range=(0.15, 0.6),  # an object is about two units wide
                backend='pillow',
                interpolation='bicubic',
            ),
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_dataloader = dict(
    **loader,
    dataset=dict(
        data_root='data/demo/val',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(type='mmcv.transforms.CenterCrop', crop_size=size),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, begin=0, end=warmup, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - warmup, begin=warmup, end=epochs, **kind),
]
default_hooks = dict(
    logger=dict(interval=9),
    checkpoint=dict(interval=epochs // 4),
)
