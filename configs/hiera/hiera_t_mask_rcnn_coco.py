# Mask R-CNN on COCO with Hiera-T: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_t_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: none is published; drop path is ours. Time and score: not run by us.
_base_ = 'hiera_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(arch='tiny', drop_path_rate=0.1, global_blocks=(5, 7, 9)),
)
