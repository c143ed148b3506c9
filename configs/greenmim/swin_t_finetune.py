# Fine-tuning of a pretrained Swin-T as a classifier of ImageNet-1K. Ours: the recipe of Swin-B.
#
#   bash tools/dist_train.sh configs/greenmim/swin_t_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = 'swin_b_finetune.py'

model = dict(backbone=dict(arch='tiny'), head=dict(in_channels=768))
