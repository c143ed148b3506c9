# Large-scale jitter at 1,024 px as in ViTDet (arXiv 2203.16527, appendix A.2): resized to 0.1 to 2
# times 1,024 px, cropped to 1,024x1,024, the rest of the square padded. Tested with the longer
# side at 1,024 px. For train_dataloader, val_dataloader, model.data_preprocessor.batch_augments and
# default_hooks.checkpoint of a training that counts steps.
lsj_train_pipeline = [
    dict(type='mmcv.transforms.LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(
        type='mmcv.transforms.RandomResize',
        scale=(1024, 1024),
        ratio_range=(0.1, 2.0),
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(
        type='mmdet.RandomCrop',
        crop_type='absolute_range',
        crop_size=(1024, 1024),
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1e-2, 1e-2)),
    dict(type='mmdet.PackDetInputs'),
]
lsj_test_pipeline = [
    dict(type='mmcv.transforms.LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=(1024, 1024), keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
lsj_pad = [dict(type='mmdet.BatchFixedSizePad', size=(1024, 1024), pad_mask=True)]
lsj_train_loader = dict(
    batch_size=8,
    num_workers=8,
    sampler=dict(type='mmgreen.SeededInfiniteSampler'),
    batch_sampler=None,
    dataset=dict(type='mmgreen.CocoDataset', pipeline=lsj_train_pipeline),
)
lsj_val_loader = dict(dataset=dict(type='mmgreen.CocoDataset', pipeline=lsj_test_pipeline))
lsj_checkpoint = dict(by_epoch=False, interval=5000, max_keep_ckpts=3)
