# GreenMIM pretraining of a small Swin (6 M) on the blood cells of BCCD, at 128 px.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/swin_pretrain.py
#
# Batch: 1 process x 32 crops. Ours. Crops of some 102 px are magnified to 128, so that a red cell
# spans two units. The 292 images of BCCD's train and val lists, of which 29 are held out.
_base_ = [
    '../_base_/imagenet_mim_224.py',
    '../_base_/greenmim_schedule.py',
    '../_base_/pretrain_runtime.py',
    '../_base_/cell_pixels.py',
]

size = 128
epochs = 40
warmup = 2
steps_per_epoch = 100
batch_size = 32
held_out = 29

model = dict(
    type='mmgreen.MaskedAutoencoder',
    mask_ratio=0.6,
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor', **_base_.cell_pixels, to_rgb=True
    ),
    backbone=dict(
        type='mmgreen.GreenSwin',
        arch=dict(embed_dims=48, depths=[2, 2, 4, 2], num_heads=[2, 4, 8, 16]),
        img_size=size,
        drop_path_rate=0.0,
        norm_eps=1e-6,
    ),
    neck=dict(
        type='mmgreen.MIMDecoder', in_channels=384, embed_dim=256, num_heads=8, img_size=size
    ),
    head=dict(type='mmgreen.MIMHead', target='norm_pixel'),
)
read = dict(type='mmgreen.ReadImage', keep_mb=500)  # decoded once for all crops
crop = dict(
    type='mmpretrain.RandomResizedCrop',
    scale=size,
    crop_ratio_range=(0.08, 0.2),
    backend='pillow',
    interpolation='bicubic',
)
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    sampler=dict(samples_per_epoch=steps_per_epoch * batch_size),
    dataset=dict(
        data_root='data/cells/train',
        held_out=held_out,
        part='training',
        pipeline=[
            read,
            crop,
            dict(type='mmcv.transforms.RandomFlip', prob=0.5, direction='horizontal'),
            dict(type='mmcv.transforms.RandomFlip', prob=0.5, direction='vertical'),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_dataloader = val_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=False, samples_per_epoch=256),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.UnlabelledImages',
        data_root='data/cells/train',
        held_out=held_out,
        part='held_out',
        pipeline=[read, crop, dict(type='mmpretrain.PackInputs')],
    ),
)
val_cfg, val_evaluator = {}, dict(type='mmgreen.ReconstructionLoss')
optim_wrapper = dict(optimizer=dict(lr=8e-4), clip_grad=dict(max_norm=3.0))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs, val_interval=5)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, begin=0, end=warmup, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - warmup, begin=warmup, end=epochs, **kind),
]
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(interval=5))
