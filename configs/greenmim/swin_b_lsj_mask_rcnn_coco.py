# Mask R-CNN on COCO with Swin-B under ViTDet's recipe: large-scale jitter at 1,024 px, layer norm
# in the pyramid and the heads, 50 epochs.
#
#   bash tools/dist_train.sh configs/greenmim/swin_b_lsj_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 8 images; the rate is for 64 images (auto_scale_lr).
# Score: box AP 50.1, mask AP 44.5 from a start supervised on ImageNet-1K, quoted from ViTDet
#   (arXiv 2203.16527, table 9). None is published for a GreenMIM start. Time and score: not run
#   by us.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/lsj_1024.py',
    '../_base_/vitdet_heads.py',
    '../_base_/detection_50e_lsj.py',
    '../_base_/detection_runtime.py',
]

model = dict(
    data_preprocessor=dict(batch_augments=_base_.lsj_pad),
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenSwin',
        arch='base',
        window_size=7,
        drop_path_rate=0.3,
        out_indices=(0, 1, 2, 3),
        pad_small_map=True,
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[128, 256, 512, 1024], norm_cfg=_base_.layer_norm),
    rpn_head=_base_.vitdet_rpn_head,
    roi_head=_base_.vitdet_roi_head,
)
train_dataloader = _base_.lsj_train_loader
val_dataloader = test_dataloader = _base_.lsj_val_loader
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=_base_.lsj_checkpoint)
