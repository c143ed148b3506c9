# The demo with clips: masked autoencoding of a small Hiera on 8 frames of 64 px, made here.
#
#   python tools/dataset_converters/make_demo_clips.py data/demo_clips
#   python tools/train.py configs/demo/hiera_video_pretrain.py
#
# Batch: 1 process x 32 videos, each whole and as it is. Ours, and may change: it is to show, on two
# CPU cores, whether pretraining is worth it.
_base_ = '../hiera/hiera_b_video_pretrain_k400.py'

frames, size = 8, 64  # 4 x 2 x 2 units, of 2 frames of 32 px
epochs = 40
warmup = 4
batch_size = 32

model = dict(
    mask_ratio=0.5,
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=16, depths=[1, 1, 3, 1], num_heads=[1, 2, 4, 8]),
        img_size=(frames, size, size),
        drop_path_rate=0.0,
    ),
    neck=dict(
        in_channels=[16, 32, 64, 128],
        embed_dim=128,
        depth=2,
        num_heads=4,
        img_size=(frames, size, size),
    ),
)
read = dict(type='mmgreen.ReadClips', num_frames=frames, stride=1, fps=8)  # all of a video
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    dataset=dict(
        data_root='data/demo_clips/train',
        pipeline=[read, dict(type='mmgreen.PackClips')],
    ),
)
test_dataloader = val_dataloader = dict(
    _base_.test_dataloader,
    batch_size=batch_size,
    num_workers=1,
    dataset=dict(
        type='mmgreen.UnlabelledClips',
        data_root='data/demo_clips/val',
        pipeline=[read, dict(type='mmgreen.PackClips')],
    ),
)
val_cfg, val_evaluator = {}, dict(type='mmgreen.ReconstructionLoss')
optim_wrapper = dict(optimizer=dict(lr=1.5e-3))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs, val_interval=epochs // 4)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, begin=0, end=warmup, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - warmup, begin=warmup, end=epochs, **kind),
]
default_hooks = dict(checkpoint=dict(interval=epochs // 4))
