# The demo with clips: which way something moves in them, told by a small Hiera.
#
#   python tools/train.py configs/demo/hiera_video_classifier.py --cfg-options \
#       model.backbone.init_cfg.checkpoint=work_dirs/hiera_video_pretrain/epoch_40.pth
#
# Batch: 1 process x 16 videos, each whole and as it is: mirrored, left would be right. With
# train_dataloader.dataset.pipeline.0.stride=0 and .spread=True, and the same for val_dataloader,
# clips stand still, at the frame in their middle. Ours, and may change.
_base_ = '../hiera/hiera_b_video_finetune_k400.py'

frames, size = 8, 64
classes = ('growing', 'left', 'right', 'shrinking', 'turning')
epochs = 10
warmup = 1

model = dict(
    data_preprocessor=dict(num_classes=len(classes)),
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=16, depths=[1, 1, 3, 1], num_heads=[1, 2, 4, 8]),
        img_size=(frames, size, size),
        drop_path_rate=0.1,
    ),
    neck=dict(in_channels=128, dropout=0.0),
    head=dict(
        num_classes=len(classes),
        in_channels=128,
        init_cfg=dict(type='TruncNormal', layer='Linear', std=0.02),
    ),
    train_cfg=None,
)
pipeline = [
    dict(type='mmgreen.ReadClips', num_frames=frames, stride=1, fps=8),  # all of a video
    dict(type='mmgreen.PackClips'),
]
of_all = dict(type='mmgreen.LabelledClips', metainfo=dict(classes=classes), pipeline=pipeline)
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(of_all, _delete_=True, data_root='data/demo_clips/train'),
)
val_dataloader = dict(
    batch_size=50,
    num_workers=1,
    dataset=dict(of_all, _delete_=True, data_root='data/demo_clips/val'),
)
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(topk=(1,))
tta_model, tta_pipeline = None, None
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay_rate=1.0))
auto_scale_lr = dict(base_batch_size=16)
train_cfg = dict(max_epochs=epochs, val_interval=epochs)
_base_.param_scheduler[1].update(T_max=epochs - warmup, begin=warmup, end=epochs)
param_scheduler = [dict(_base_.param_scheduler[0], end=warmup), _base_.param_scheduler[1]]
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=epochs))
