# MAE pretraining of Hiera-H at 224 px: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_h_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 512 images; the rate is for 4096 images (auto_scale_lr).
# Score: 86.9 % top-1 on ImageNet-1K after fine-tuning, quoted from the paper (arXiv 2306.00989,
#   table 8). Time and score: not run by us.
_base_ = 'hiera_b_pretrain.py'

model = dict(
    backbone=dict(arch='huge', drop_path_rate=0.3),
    neck=dict(in_channels=[256, 512, 1024, 2048]),
)
