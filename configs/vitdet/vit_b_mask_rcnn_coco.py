# ViTDet: Mask R-CNN on COCO with a plain ViT-B from MAE (arXiv 2203.16527, appendix A.2), for the
# comparison with Hiera and Swin in one harness.
#
#   bash tools/dist_train.sh configs/vitdet/vit_b_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: box AP 51.6, mask AP 45.9, quoted from the paper (table 9). Time and score: not run by us.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/lsj_1024.py',
    '../_base_/vitdet_heads.py',
    '../_base_/detection_100e_lsj.py',
    '../_base_/detection_runtime.py',
]

model = dict(
    data_preprocessor=dict(batch_augments=_base_.lsj_pad),
    backbone=dict(
        _delete_=True,
        type='mmgreen.ViTDet',
        arch='base',
        drop_path_rate=0.1,
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(_delete_=True, type='mmgreen.SimpleFeaturePyramid', in_channels=768),
    rpn_head=_base_.vitdet_rpn_head,
    roi_head=_base_.vitdet_roi_head,
)
train_dataloader = _base_.lsj_train_loader
val_dataloader = test_dataloader = _base_.lsj_val_loader
optim_wrapper = dict(optimizer=dict(lr=1e-4), paramwise_cfg=dict(layer_decay_rate=0.7))
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=_base_.lsj_checkpoint)
