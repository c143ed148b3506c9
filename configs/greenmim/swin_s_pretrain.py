# GreenMIM pretraining of Swin-S, window 7, at 224 px. Ours: the paper has no model of this size,
# and the recipe is that of Swin-B. A user of the official code reports that a Swin-T pretrained so
# did worse downstream than one from random weights (LayneH/GreenMIM #10, open).
#
#   bash tools/dist_train.sh configs/greenmim/swin_s_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr).
# Time and score: not run by us.
_base_ = 'swin_b_pretrain.py'

model = dict(backbone=dict(arch='small'), neck=dict(in_channels=768))
