# Fine-tuning of a pretrained Swin-B as a classifier of ImageNet-1K, by GreenMIM's recipe, which is
# SimMIM's but for the decay of the rate over layers (0.9; SimMIM has 0.8).
#
#   bash tools/dist_train.sh configs/greenmim/swin_b_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#   bash tools/dist_test.sh configs/greenmim/swin_b_finetune.py CHECKPOINT 8
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: top-1 83.8, quoted from the official repository. Time and score: not run by us.
_base_ = [
    '../_base_/imagenet_classification_224.py',
    '../_base_/swin_finetune_schedule.py',
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
        type='mmgreen.GreenSwin',
        arch='base',
        img_size=224,
        window_size=7,
        drop_path_rate=0.1,
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(type='mmpretrain.GlobalAveragePooling'),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=1000,
        in_channels=1024,
        init_cfg=dict(type='TruncNormal', layer='Linear', std=0.02),
        loss=dict(type='mmpretrain.LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
    train_cfg=dict(
        augments=[
            dict(type='mmpretrain.Mixup', alpha=0.8),
            dict(type='mmpretrain.CutMix', alpha=1.0),
        ]
    ),
)
