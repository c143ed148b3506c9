# Faster R-CNN with a small plain ViT on your own COCO-format data, for a computer without a GPU:
# copy this file, set the values, and run
#   python tools/train.py my_data.py
# Ours: cells/vit_faster_rcnn.py, magnified as mae/vit_n_pretrain_own_images.py does it.
_base_ = [__import__('mmgreen').config_file('cells/vit_faster_rcnn.py')]

data_root = 'data/my_data/'
train = dict(ann_file='annotations/train.json', data_prefix=dict(img='train/'))
val = dict(ann_file='annotations/val.json', data_prefix=dict(img='val/'))
classes = ('cat', 'dog')  # as the annotation files name them, and in their order
object_size = 40  # px across, of a typical object, which is shown at 64, as in the pretraining
pixels = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])  # as in pretraining
max_per_image = 100  # objects that can be found in one image
epochs = 20
crops_per_epoch = 160  # an epoch is so many crops, however few or many images there are
batch_size = 4
learning_rate = 1e-3  # for this batch
start_from = None  # a checkpoint of a pretraining; None: random weights

shown = 5 * object_size  # px of a training crop, which becomes 320 wide
most = max(300, 2 * max_per_image)  # proposals
limits = dict(rpn=dict(nms_pre=most, max_per_img=most), rcnn=dict(max_per_img=max_per_image))
model = dict(
    data_preprocessor=pixels,
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=start_from)),
    roi_head=dict(bbox_head=dict(num_classes=len(classes))),
    test_cfg=limits,
)
own = dict(data_root=data_root, metainfo=dict(classes=classes))
crop = dict(type='mmdet.RandomCrop', crop_type='absolute_range', allow_negative_crop=True)
crop.update(crop_size=(shown * 3 // 4, shown * 4 // 3))
magnify = dict(type='mmdet.Resize', scale=(320, 320), keep_ratio=True)
pipeline = [*_base_.train_dataloader.dataset.pipeline]
pipeline[2:3] = crop, magnify
test_pipeline = [*_base_.val_dataloader.dataset.pipeline]
test_pipeline[1] = dict(type='mmdet.Resize', scale_factor=64 / object_size, keep_ratio=True)
train_dataloader = dict(
    batch_size=batch_size,
    sampler=dict(samples_per_epoch=crops_per_epoch),
    dataset=dict(**own, **train, pipeline=pipeline),
)
test_dataloader = val_dataloader = dict(dataset=dict(**own, **val, pipeline=test_pipeline))
scored = dict(type='mmgreen.CocoMetric', max_per_image=max_per_image)
test_evaluator = val_evaluator = dict(ann_file=data_root + val['ann_file'], **scored)
optim_wrapper = dict(optimizer=dict(lr=learning_rate))
auto_scale_lr = dict(base_batch_size=batch_size)
train_cfg = dict(max_epochs=epochs, val_interval=2)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(T_max=epochs - 1, end=epochs)
default_hooks = dict(checkpoint=dict(interval=1, save_best='coco/bbox_mAP'))
