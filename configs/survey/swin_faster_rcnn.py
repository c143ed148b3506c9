# Faster R-CNN with the small Swin of configs/survey/swin_pretrain.py on tree crowns, trained on the
# west of a site and validated on its east.
#
#   python tools/dataset_converters/make_survey_data.py data/survey
#   python tools/train.py configs/survey/swin_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 4 crops, 1,000 steps. Ours, for comparing starts with few labels, as
# cells/swin_faster_rcnn.py but for the images: crops, so that a step is cheap, of many scales and
# colours. On val_other_site, the harder one:
#
#   python tools/test.py configs/survey/swin_faster_rcnn.py CHECKPOINT --cfg-options \
#       test_dataloader.dataset.ann_file=val_other_site.json \
#       test_dataloader.dataset.data_prefix.img=val_other_site/ \
#       test_evaluator.ann_file=data/survey/val_other_site.json
_base_ = ['../cells/swin_faster_rcnn.py', '../_base_/survey_pixels.py']

steps_per_epoch = 100
data_root = 'data/survey/'
classes = ('Tree',)
native = (412, 412)  # of the longer side of a tile

model = dict(
    data_preprocessor=_base_.survey_pixels,
    roi_head=dict(bbox_head=dict(num_classes=len(classes))),
)
read = dict(type='mmcv.transforms.LoadImageFromFile')
dataset = dict(data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    sampler=dict(samples_per_epoch=steps_per_epoch * _base_.batch_size),
    dataset=dict(
        **dataset,
        pipeline=[
            read,
            dict(type='mmdet.LoadAnnotations', with_bbox=True),
            dict(
                type='mmdet.YOLOXHSVRandomAug',
                hue_delta=5,
                saturation_delta=30,
                value_delta=30,
            ),
            dict(
                type='mmcv.transforms.RandomResize',
                resize_type='mmdet.Resize',
                scale=native,
                ratio_range=(0.8, 1.5),
                keep_ratio=True,
            ),
            dict(
                type='mmdet.RandomCrop',
                crop_type='absolute',
                crop_size=(192, 192),
                allow_negative_crop=True,
            ),
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
    dataset=dict(
        **dataset,
        ann_file='val.json',
        data_prefix=dict(img='val/'),
        pipeline=[
            read,
            dict(type='mmdet.Resize', scale=native, keep_ratio=True),
            dict(
                type='mmdet.PackDetInputs',
                meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
            ),
        ],
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'val.json')
test_evaluator = val_evaluator
