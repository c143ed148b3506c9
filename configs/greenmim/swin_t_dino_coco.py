# DINO of mmdet with Swin-T: a GreenSwin takes the place of the backbone in any detector of mmdet.
#
#   bash tools/dist_train.sh configs/greenmim/swin_t_dino_coco.py 8 \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 2 images (auto_scale_lr). Recipe: mmdet's. Time and score: not run by us.
_base_ = ['mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py', '../_base_/detection_runtime.py']

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenSwin',
        arch='tiny',
        drop_path_rate=0.2,
        out_indices=(1, 2, 3),
        pad_small_map=True,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[192, 384, 768]),
)
train_dataloader = dict(
    sampler=dict(type='mmgreen.SeededSampler'),
    dataset=dict(type='mmgreen.CocoDataset'),
)
val_dataloader = dict(dataset=dict(type='mmgreen.CocoDataset'))
test_dataloader = val_dataloader
