# Mask R-CNN on COCO with Hiera-B+ and SAM 2's windows and absolute window positions
# (arXiv 2311.05613).
#
#   bash tools/dist_train.sh configs/hiera/hiera_b_plus_abs_win_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr). Takes SAM 2's image encoder
#   (Apache-2.0, trained on far more data) as it is, and a plain Hiera with its table split in two.
# Score: none is published for Mask R-CNN. Time and score: not run by us.
_base_ = 'hiera_b_plus_mask_rcnn_coco.py'

model = dict(
    backbone=dict(pos_embed='abs_win', global_pos_size=14, window_sizes=(8, 4, 14, 7)),
)
