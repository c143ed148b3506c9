# The demo: GreenMIM pretraining of a small Swin at 128 px, on images that it makes itself.
#
#   python tools/dataset_converters/make_demo_data.py data/demo --grey
#   python tools/train.py configs/demo/swin_pretrain.py
#
# Batch: 1 process x 32 images. Ours, and may change: it is to show, in minutes on two CPU cores,
# whether pretraining is worth it.
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
        mean=[118.0] * 3,  # the same for each channel, as the images are grey: with a tint of its
        std=[58.0] * 3,  # own a patch would be predicted by that tint alone
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
    head=dict(type='mmgreen.MIMHead', target='norm_pixel'),
)
read = dict(type='mmgreen.ReadImage', keep_mb=500)  # decoded once for all crops
crop = dict(
    type='mmpretrain.RandomResizedCrop',
    scale=size,
    crop_ratio_range=(0.15, 0.6),  # an object is about two units wide
    backend='pillow',
    interpolation='bicubic',
)
loader = dict(batch_size=batch_size, num_workers=1)
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_root='data/demo/train',
        pipeline=[
            read,
            crop,
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_dataloader = val_dataloader = dict(
    **loader,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.UnlabelledImages',
        data_root='data/demo/val',
        pipeline=[read, crop, dict(type='mmpretrain.PackInputs')],
    ),
)
val_cfg, val_evaluator = {}, dict(type='mmgreen.ReconstructionLoss')
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=3.0))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs, val_interval=epochs // 4)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, begin=0, end=warmup, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - warmup, begin=warmup, end=epochs, **kind),
]
default_hooks = dict(
    logger=dict(interval=9),
    checkpoint=dict(interval=epochs // 4),
)
