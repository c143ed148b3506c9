# Mask R-CNN on COCO with Hiera-L: the recipe of Hiera-B.
#
#   bash tools/dist_train.sh configs/hiera/hiera_l_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: box AP 55.0, mask AP 48.6, quoted from the paper (arXiv 2306.00989, table 10). Time and
#   score: not run by us.
_base_ = 'hiera_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(arch='large', drop_path_rate=0.4, global_blocks=(23, 33, 43)),
    neck=dict(in_channels=[144, 288, 576, 1152]),
)
optim_wrapper = dict(optimizer=dict(lr=3e-5))
