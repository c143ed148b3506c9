# Mask R-CNN on COCO with Hiera-B+: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_b_plus_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: box AP 53.5, mask AP 47.3, quoted from the paper (arXiv 2306.00989, table 10). Time and
#   score: not run by us.
_base_ = 'hiera_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(arch='base_plus'),
    neck=dict(in_channels=[112, 224, 448, 896]),
)
