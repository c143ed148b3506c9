# GreenMIM pretraining of Twins-SVT-L at 224 px (arXiv 2205.13515).
#
#   bash tools/dist_train.sh configs/greenmim/twins_svt_l_pretrain.py 8 --amp
#   python tools/train.py configs/greenmim/twins_svt_l_pretrain.py --amp --auto-scale-lr  (one GPU)
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr). The official script has 4
#   GPUs x 512 images, which is the same, and 100 epochs.
# Its files fit no Twins: its position encoding lacks the residual. This one has it.
# Time and score: none is published; not run by us.
_base_ = [
    '../_base_/imagenet_mim_224.py',
    '../_base_/greenmim_schedule.py',
    '../_base_/pretrain_runtime.py',
]

model = dict(
    type='mmgreen.MaskedAutoencoder',
    mask_ratio=0.75,
    shared_mask=True,
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    backbone=dict(
        type='mmgreen.GreenTwins',
        arch='svt_large',
        img_size=224,
        drop_path_rate=0.0,
        qkv_bias=True,
        norm_after_stage=[False, False, False, True],
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(
        type='mmgreen.MIMDecoder',
        in_channels=1024,
        embed_dim=512,
        depth=1,
        num_heads=16,
        img_size=224,
    ),
    head=dict(type='mmgreen.MIMHead', target='norm_pixel', order='hwc'),
)
train_cfg = dict(max_epochs=100)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], T_max=60, end=100),
]
