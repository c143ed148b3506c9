# Faster R-CNN with the small Swin of configs/survey/swin_pretrain.py on tree crowns, trained on one
# site and validated on another, in other light.
#
#   python tools/dataset_converters/make_survey_data.py data/survey
#   python tools/train.py configs/survey/swin_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 4 crops. Ours, for comparing starts with few labels; as
# cells/swin_faster_rcnn.py but for the images: magnified twice, as in the pretraining, and trained
# on in crops.
_base_ = '../cells/swin_faster_rcnn.py'

data_root = 'data/survey/'
classes = ('Tree',)

model = dict(roi_head=dict(bbox_head=dict(num_classes=len(classes))))
read = dict(type='mmcv.transforms.LoadImageFromFile')
dataset = dict(data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    dataset=dict(
        **dataset,
        pipeline=[
            read,
            dict(type='mmdet.LoadAnnotations', with_bbox=True),
            dict(
                type='mmcv.transforms.RandomResize',
                resize_type='mmdet.Resize',
                scale=(800, 800),
                ratio_range=(0.7, 1.4),
                keep_ratio=True,
            ),
            dict(
                type='mmdet.RandomCrop',
                crop_type='absolute',
                crop_size=(320, 320),
                allow_negative_crop=True,
            ),
            dict(
                type='mmdet.RandomFlip',
                prob=[0.25, 0.25, 0.25],
                direction=['horizontal', 'vertical', 'diagonal'],
            ),
            dict(type='mmdet.PhotoMetricDistortion'),
            dict(type='mmdet.PackDetInputs'),
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='val.json',
        data_prefix=dict(img='val/'),
        pipeline=[
            read,
            dict(type='mmdet.Resize', scale=(800, 800), keep_ratio=True),
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
