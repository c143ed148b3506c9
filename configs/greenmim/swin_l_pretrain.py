# GreenMIM pretraining of Swin-L, window 7, at 224 px. Ours: the paper has Swin-L with window 14
# only (swin_l_w14_pretrain.py), whose recipe this is.
#
#   bash tools/dist_train.sh configs/greenmim/swin_l_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr).
# Time and score: not run by us.
_base_ = 'swin_l_w14_pretrain.py'

model = dict(backbone=dict(window_size=7))
