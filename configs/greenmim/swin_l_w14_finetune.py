# Fine-tuning of a pretrained Swin-L, window 14, as a classifier of ImageNet-1K, by the recipe of
# GreenMIM, which is SimMIM's but for two values.
#
#   bash tools/dist_train.sh configs/greenmim/swin_l_w14_finetune.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 128 images; the rate is for 1024 images (auto_scale_lr).
# Score: top-1 85.1, quoted from the official repository. Time and score: not run by us.
_base_ = 'swin_b_finetune.py'

model = dict(
    backbone=dict(arch='large', window_size=14, drop_path_rate=0.3),
    head=dict(in_channels=1536),
)
# 1e-3 for each 512 images.
optim_wrapper = dict(optimizer=dict(lr=2e-3), paramwise_cfg=dict(layer_decay_rate=0.8))
