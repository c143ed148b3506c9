# Mask R-CNN on COCO with Hiera-T for one small GPU: 36 epochs, multi-scale as in mmdet's Swin, with
# layer norm in the pyramid and the heads. Ours; the starter for your own data inherits it.
#
#   python tools/train.py configs/hiera/hiera_t_640_mask_rcnn_coco.py --amp --auto-scale-lr \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 2 images; the rate is for 16 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/multi_scale_pipelines.py',
    '../_base_/vitdet_heads.py',
    '../_base_/detection_36e.py',
    '../_base_/detection_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.Hiera',
        arch='tiny',
        drop_path_rate=0.1,
        out_indices=(0, 1, 2, 3),
        window_sizes=(8, 4, 16, 8),
        pos_embed='abs_win',  # as in the starter of pretraining
        global_pos_size=7,
        global_blocks=(5, 7, 9),
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[96, 192, 384, 768], norm_cfg=_base_.layer_norm),
    rpn_head=_base_.vitdet_rpn_head,
    roi_head=_base_.vitdet_roi_head,
)
train_dataloader = dict(
    sampler=dict(type='mmgreen.SeededSampler'),
    dataset=dict(type='mmgreen.CocoDataset', pipeline=_base_.masks_640),
)
val_dataloader = dict(dataset=dict(type='mmgreen.CocoDataset', pipeline=_base_.test_640))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3, save_best='coco/bbox_mAP'))
