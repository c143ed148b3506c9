# Fine-tuning of a pretrained Hiera-B as a classifier of ImageNet-1K (arXiv 2306.00989, table 14b).
#
#   bash tools/dist_train.sh configs/hiera/hiera_b_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#   bash tools/dist_test.sh configs/hiera/hiera_b_finetune.py CHECKPOINT 8
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: top-1 84.5, quoted from the paper (table 8). Time and score: not run by us.
_base_ = [
    '../_base_/imagenet_classification_224.py',
    '../_base_/hiera_finetune_schedule.py',
    '../_base_/classification_runtime.py',
]

model = dict(
    type='mmpretrain.ImageClassifier',
    data_preprocessor=dict(
        type='mmpretrain.ClsDataPreprocessor',
        num_classes=1000,
        mean=_base_.mean_rgb,
        std=_base_.std_rgb,
        to_rgb=True,
    ),
    backbone=dict(
        type='mmgreen.Hiera',
        arch='base',
        img_size=224,
        drop_path_rate=0.1,
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(type='mmgreen.PooledNorm', in_channels=768),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=1000,
        in_channels=768,
        # A thousandth of the usual deviation, as the official code has it.
        init_cfg=dict(type='TruncNormal', layer='Linear', std=2e-5),
        loss=dict(type='mmpretrain.LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
    train_cfg=dict(
        augments=[
            dict(type='mmpretrain.Mixup', alpha=0.8),
            dict(type='mmpretrain.CutMix', alpha=1.0),
        ]
    ),
)
