# GreenMIM pretraining of Swin-B, window 14, at 224 px (arXiv 2205.13515).
#
#   bash tools/dist_train.sh configs/greenmim/swin_b_w14_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr): 1.5e-4 for each 256.
# Time: less than 10 % more than window 7, quoted from the paper; not run by us.
# Score: none published.
_base_ = 'swin_b_pretrain.py'

model = dict(backbone=dict(window_size=14))
