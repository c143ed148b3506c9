# Cascade Mask R-CNN on COCO with Hiera-B: the recipe of Mask R-CNN. Ours; the paper has none.
#
#   bash tools/dist_train.sh configs/hiera/hiera_b_cascade_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = [
    'mmdet::_base_/models/cascade-mask-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/lsj_1024.py',
    '../_base_/vitdet_heads.py',
    '../_base_/detection_100e_lsj.py',
    '../_base_/detection_runtime.py',
]

box_head = _base_.vitdet_roi_head.bbox_head
model = dict(
    data_preprocessor=dict(batch_augments=_base_.lsj_pad),
    backbone=dict(
        _delete_=True,
        type='mmgreen.Hiera',
        arch='base',
        drop_path_rate=0.2,
        out_indices=(0, 1, 2, 3),
        window_sizes=(8, 4, 16, 8),
        global_blocks=(12, 16, 20),
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[96, 192, 384, 768], norm_cfg=_base_.layer_norm),
    rpn_head=_base_.vitdet_rpn_head,
    roi_head=dict(
        bbox_head=[{**stage, **box_head} for stage in _base_.model.roi_head.bbox_head],
        mask_head=_base_.vitdet_roi_head.mask_head,
    ),
)
train_dataloader = _base_.lsj_train_loader
val_dataloader = test_dataloader = _base_.lsj_val_loader
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=_base_.lsj_checkpoint)
