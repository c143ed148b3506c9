# Mask R-CNN on COCO with Swin-L, window 14, 36 epochs, multi-scale: the recipe of Swin-B.
#
#   bash tools/dist_train.sh configs/greenmim/swin_l_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 2 images; the rate is for 16 images (auto_scale_lr). Window 14 is that of the
#   released GreenMIM Swin-L; for weights of window 7 give model.backbone.window_size=7.
# Score: none is published. Time and score: not run by us.
_base_ = 'swin_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(arch='large', window_size=14), neck=dict(in_channels=[192, 384, 768, 1536])
)
