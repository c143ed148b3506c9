# Fine-tuning of a pretrained Twins-SVT-L on ImageNet-1K. Ours: the recipe of Swin.
#
#   bash tools/dist_train.sh configs/greenmim/twins_svt_l_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = 'twins_svt_b_finetune.py'

model = dict(
    backbone=dict(arch='svt_large', drop_path_rate=0.3),
    head=dict(in_channels=1024),
)
