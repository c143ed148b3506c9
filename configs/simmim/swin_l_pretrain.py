# SimMIM pretraining of Swin-L, window 12, at 192 px: the recipe of Swin-B.
#
#   bash tools/dist_train.sh configs/simmim/swin_l_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr).
# Score: 85.4 % top-1 on ImageNet-1K after fine-tuning, quoted from microsoft/SimMIM; mmpretrain's
#   own run has 84.8. Time and score: not run by us.
_base_ = 'swin_b_pretrain.py'

model = dict(
    backbone=dict(
        arch='large', pad_small_map=True, stage_cfgs=dict(block_cfgs=dict(window_size=12))
    ),
    neck=dict(in_channels=1536),
)
