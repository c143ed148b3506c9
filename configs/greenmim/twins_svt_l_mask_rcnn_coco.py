# Mask R-CNN on COCO with Twins-SVT-L, 36 epochs, multi-scale: the recipe of Twins-SVT-B.
#
#   bash tools/dist_train.sh configs/greenmim/twins_svt_l_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 2 images; the rate is for 16 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = 'twins_svt_b_mask_rcnn_coco.py'

model = dict(backbone=dict(arch='svt_large'), neck=dict(in_channels=[128, 256, 512, 1024]))
