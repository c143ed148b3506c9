# Fine-tuning of a pretrained Hiera-S as a classifier of ImageNet-1K (arXiv 2306.00989, table 14b).
#
#   bash tools/dist_train.sh configs/hiera/hiera_s_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: top-1 83.8, quoted from the paper (table 8). Time and score: not run by us.
_base_ = 'hiera_b_finetune.py'

model = dict(backbone=dict(arch='small'))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.65))
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], T_max=195, end=200),
]
train_cfg = dict(max_epochs=200)
