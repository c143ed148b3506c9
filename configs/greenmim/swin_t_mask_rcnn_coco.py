# Mask R-CNN on COCO with Swin-T, 36 epochs, multi-scale: mmdet's recipe for a supervised Swin-T.
#
#   bash tools/dist_train.sh configs/greenmim/swin_t_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 2 images; the rate is for 16 images (auto_scale_lr).
# Score: none is published for a GreenMIM start. Time and score: not run by us.
_base_ = 'swin_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(arch='tiny', drop_path_rate=0.2), neck=dict(in_channels=[96, 192, 384, 768])
)
