# MAE pretraining of Hiera-L on clips of 16 frames of Kinetics-400: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_l_video_pretrain_k400.py 8 --amp
#
# Batch: 8 GPUs x 16 videos x 4 clips; the rate is for 512 clips (auto_scale_lr).
# Quoted: drop path (arXiv 2306.00989, table 11).
# Score: 87.3 % top-1 on Kinetics-400 after fine-tuning, quoted from the paper (table 4). Time and
#   score: not run by us.
_base_ = 'hiera_b_video_pretrain_k400.py'

model = dict(
    backbone=dict(arch='large', drop_path_rate=0.2),
    neck=dict(in_channels=[144, 288, 576, 1152]),
)
