# The demo: Mask R-CNN with the small Swin that configs/demo/swin_pretrain.py pretrains, at 128 px.
#
#   python tools/dataset_converters/make_demo_data.py data/demo --grey
#   python tools/train.py configs/demo/swin_mask_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 8 images. Ours, and may change: it is to show, in minutes on two CPU cores,
# that everything works, and so all heads are small.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/narrow_heads.py',
    '../_base_/detection_36e.py',
    '../_base_/detection_runtime.py',
]

size = 128
epochs = 3
batch_size = 8
data_root = 'data/demo/'
classes = ('ball', 'ring', 'star', 'tile')

model = dict(
    data_preprocessor=dict(mean=[118.0] * 3, std=[58.0] * 3),  # as in pretraining
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenSwin',
        arch=dict(embed_dims=32, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8]),
        window_size=4,
        drop_path_rate=0.0,
        norm_eps=1e-6,
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=_base_.narrow_channels),
    rpn_head=_base_.narrow_rpn_head,
    roi_head=dict(
        bbox_roi_extractor=_base_.narrow_extractor,
        bbox_head=dict(**_base_.narrow_bbox_head, num_classes=len(classes)),
        mask_roi_extractor=_base_.narrow_extractor,
        mask_head=dict(num_convs=2, in_channels=64, conv_out_channels=64, num_classes=len(classes)),
    ),
    train_cfg=dict(_base_.narrow_train_cfg, rcnn=dict(sampler=dict(num=32))),
    test_cfg=_base_.narrow_test_cfg,
)
read = dict(type='mmcv.transforms.LoadImageFromFile')
resize = dict(type='mmdet.Resize', scale=(size, size), keep_ratio=True)
pack = dict(
    type='mmdet.PackDetInputs',
    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
)
dataset = dict(type='mmgreen.CocoDataset', data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=batch_size,
    sampler=dict(type='mmgreen.SeededSampler'),
    dataset=dict(
        **dataset,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        pipeline=[
            read,
            dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
            resize,
            dict(type='mmdet.RandomFlip', prob=0.5),
            dict(type='mmdet.PackDetInputs'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        pipeline=[read, resize, pack],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=3e-3))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs, val_interval=epochs)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=1, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - 1, begin=1, end=epochs, **kind),
]
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=1, max_keep_ckpts=1))
