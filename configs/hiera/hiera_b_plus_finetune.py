# Fine-tuning of a pretrained Hiera-B+ as a classifier of ImageNet-1K (arXiv 2306.00989, table 14b).
#
#   bash tools/dist_train.sh configs/hiera/hiera_b_plus_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: top-1 85.2, quoted from the paper (table 8). Time and score: not run by us.
_base_ = 'hiera_b_finetune.py'

model = dict(
    backbone=dict(arch='base_plus'),
    neck=dict(in_channels=896),
    head=dict(in_channels=896),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
