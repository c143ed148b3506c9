# Faster R-CNN with the small Swin of configs/cells/swin_pretrain.py on the blood cells of BCCD, at
# 320x240 px, with narrow heads.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/swin_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 4 images. Ours, for comparing starts with few labels:
#
#   python tools/analysis_tools/label_curve.py configs/cells/swin_faster_rcnn.py \
#       --starts none= own=CHECKPOINT --boxes 30 100 300 all
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/narrow_heads.py',
    '../_base_/detection_36e.py',
    '../_base_/detection_runtime.py',
    '../_base_/cell_pixels.py',
]

epochs = 10
batch_size = 4
data_root = 'data/cells/'
classes = ('RBC', 'WBC', 'Platelets')

model = dict(
    data_preprocessor=_base_.cell_pixels,
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenSwin',
        arch=dict(embed_dims=48, depths=[2, 2, 4, 2], num_heads=[2, 4, 8, 16]),
        drop_path_rate=0.0,
        norm_eps=1e-6,
        out_indices=(0, 1, 2, 3),
        mask_padding=True,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[48, 96, 192, 384], out_channels=_base_.narrow_channels),
    rpn_head=_base_.narrow_rpn_head,
    roi_head=dict(
        bbox_roi_extractor=_base_.narrow_extractor,
        bbox_head=dict(**_base_.narrow_bbox_head, num_classes=len(classes)),
    ),
    train_cfg=_base_.narrow_train_cfg,
    test_cfg=_base_.narrow_test_cfg,
)
read = dict(type='mmcv.transforms.LoadImageFromFile')
resize = dict(type='mmdet.Resize', scale=(320, 240), keep_ratio=True)
dataset = dict(type='mmgreen.CocoDataset', data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    sampler=dict(type='mmgreen.SeededSampler'),
    dataset=dict(
        **dataset,
        ann_file='train.json',
        data_prefix=dict(img='train/'),
        pipeline=[
            read,
            dict(type='mmdet.LoadAnnotations', with_bbox=True),
            resize,
            dict(
                type='mmdet.RandomFlip',
                prob=[0.25, 0.25, 0.25],
                direction=['horizontal', 'vertical', 'diagonal'],
            ),
            dict(type='mmdet.PackDetInputs'),
        ],
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        **dataset,
        ann_file='test.json',
        data_prefix=dict(img='test/'),
        pipeline=[
            read,
            resize,
            dict(
                type='mmdet.PackDetInputs',
                meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
            ),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'test.json', metric='bbox')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs, val_interval=epochs)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=1, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - 1, begin=1, end=epochs, **kind),
]
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=2, max_keep_ckpts=1))
