# MAE pretraining of Hiera-L at 224 px: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_l_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 512 images; the rate is for 4096 images (auto_scale_lr).
# Score: 86.1 % top-1 on ImageNet-1K after fine-tuning, quoted from the paper (arXiv 2306.00989,
#   table 8). Time and score: not run by us.
_base_ = 'hiera_b_pretrain.py'

model = dict(
    backbone=dict(arch='large'),
    neck=dict(in_channels=[144, 288, 576, 1152]),
)
