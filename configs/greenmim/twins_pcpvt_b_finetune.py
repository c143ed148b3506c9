# Fine-tuning of a pretrained Twins-PCPVT-B on ImageNet-1K. Ours: the recipe of Swin.
#
#   bash tools/dist_train.sh configs/greenmim/twins_pcpvt_b_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = 'twins_svt_b_finetune.py'

model = dict(
    backbone=dict(arch='pcpvt_base', norm_cfg=dict(type='LN', eps=1e-6)),
    head=dict(in_channels=512),
)
