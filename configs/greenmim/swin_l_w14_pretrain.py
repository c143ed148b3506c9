# GreenMIM pretraining of Swin-L, window 14, at 224 px (arXiv 2205.13515).
#
#   bash tools/dist_train.sh configs/greenmim/swin_l_w14_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr): 1e-4 for each 256.
# Time: none published; not run by us.
# Score: 85.1 % top-1 on ImageNet-1K after fine-tuning, quoted from LayneH/GreenMIM; not run by us.
_base_ = 'swin_b_pretrain.py'

model = dict(
    backbone=dict(arch='large', window_size=14),
    neck=dict(in_channels=1536),
)
optim_wrapper = dict(optimizer=dict(lr=8e-4))  # 1e-4 * 2048 / 256
