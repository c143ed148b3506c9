# Fine-tuning of a pretrained Twins-SVT-B on ImageNet-1K. Ours: the recipe of Swin.
#
#   bash tools/dist_train.sh configs/greenmim/twins_svt_b_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = 'swin_b_finetune.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenTwins',
        arch='svt_base',
        img_size=224,
        drop_path_rate=0.1,
        qkv_bias=True,
        norm_after_stage=[False, False, False, True],
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    head=dict(in_channels=768),
)
