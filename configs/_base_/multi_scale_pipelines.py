# Images at many scales, for train_dataloader.dataset.pipeline and val_dataloader.dataset.pipeline.

# COCO's, as in DETR and Swin: the shorter side is resized to 480..800 px, the longer to at most
# 1,333; one half is first resized to 400..600 px and cropped.
multi_scale_pipeline = [
    dict(type='mmcv.transforms.LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(
        type='mmcv.transforms.RandomChoice',
        transforms=[
            [
                dict(
                    type='mmcv.transforms.RandomChoiceResize',
                    scales=[(side, 1333) for side in range(480, 801, 32)],
                    keep_ratio=True,
                    resize_type='mmdet.Resize',
                ),
            ],
            [
                dict(
                    type='mmcv.transforms.RandomChoiceResize',
                    scales=[(side, 1333) for side in (400, 500, 600)],
                    keep_ratio=True,
                    resize_type='mmdet.Resize',
                ),
                dict(
                    type='mmdet.RandomCrop',
                    crop_type='absolute_range',
                    crop_size=(384, 600),
                    allow_negative_crop=True,
                ),
                dict(
                    type='mmcv.transforms.RandomChoiceResize',
                    scales=[(side, 1333) for side in range(480, 801, 32)],
                    keep_ratio=True,
                    resize_type='mmdet.Resize',
                ),
            ],
        ],
    ),
    dict(type='mmdet.PackDetInputs'),
]

# Smaller images of one's own: resized to 0.5..1.5 times 640 px and cropped to 640 px; with masks,
# or with boxes alone. Tested with the longer side at 640 px.
augmentations_640 = [
    dict(
        type='mmcv.transforms.RandomResize',
        scale=(640, 640),
        ratio_range=(0.5, 1.5),
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomCrop', crop_size=(640, 640), allow_negative_crop=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs'),
]
masks_640 = [
    dict(type='mmcv.transforms.LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    *augmentations_640,
]
boxes_640 = [
    dict(type='mmcv.transforms.LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    *augmentations_640,
]
test_640 = [
    dict(type='mmcv.transforms.LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=(640, 640), keep_ratio=True),
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
