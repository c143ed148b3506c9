# Mask R-CNN on COCO with Hiera-S: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_s_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: none is published; drop path is ours. Time and score: not run by us.
_base_ = 'hiera_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(arch='small', drop_path_rate=0.1, global_blocks=(7, 10, 13)),
)
