# GreenMIM pretraining of Twins-PCPVT-L at 224 px. Ours: the paper has Twins-SVT-L only
# (twins_svt_l_pretrain.py), whose recipe this is.
#
#   bash tools/dist_train.sh configs/greenmim/twins_pcpvt_l_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr).
# Time and score: not run by us.
_base_ = 'twins_pcpvt_s_pretrain.py'

model = dict(backbone=dict(arch='pcpvt_large'))
