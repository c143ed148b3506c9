# ViTDet: Mask R-CNN on COCO with a plain ViT-L from MAE: the recipe of ViT-B.
#
#   bash tools/dist_train.sh configs/vitdet/vit_l_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: box AP 55.6, mask AP 49.2, quoted from the paper (arXiv 2203.16527, table 9). Time and
#   score: not run by us.
_base_ = 'vit_b_mask_rcnn_coco.py'

model = dict(backbone=dict(arch='large', drop_path_rate=0.4), neck=dict(in_channels=1024))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
