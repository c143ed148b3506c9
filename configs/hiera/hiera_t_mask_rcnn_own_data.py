# Mask R-CNN with Hiera-T on your own COCO-format data: copy this file, set the values, and run
#   python tools/train.py my_data.py --amp
# Ours, for one GPU of 24 GB: 8 images of 640 px took 10.5 GiB in float32, measured on a CPU.
_base_ = [__import__('mmgreen').config_file('hiera/hiera_t_640_mask_rcnn_coco.py')]

data_root = 'data/my_data/'
train = dict(ann_file='annotations/train.json', data_prefix=dict(img='train/'))
val = dict(ann_file='annotations/val.json', data_prefix=dict(img='val/'))
classes = ('cat', 'dog')  # as the annotation files name them, and in their order
with_masks = True  # False: boxes alone (Faster R-CNN)
image_size = 640  # px of the longer side, to which images are resized
max_per_image = 100  # objects that can be found in one image
epochs = 36
batch_size = 8  # images on each GPU; the learning rate follows
start_from = None  # a checkpoint of a pretraining; None: random weights

heads = dict(num_classes=len(classes))
most = max(1000, 2 * max_per_image)  # proposals
limits = dict(rpn=dict(nms_pre=most, max_per_img=most), rcnn=dict(max_per_img=max_per_image))
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=start_from)),
    roi_head=dict(bbox_head=heads, mask_head=heads if with_masks else None),
    test_cfg=limits,
)
own = dict(data_root=data_root, metainfo=dict(classes=classes))
size = (image_size, image_size)
pipeline = [*(_base_.masks_640 if with_masks else _base_.boxes_640)]
pipeline[2:4] = dict(pipeline[2], scale=size), dict(pipeline[3], crop_size=size)
test_pipeline = [*_base_.test_640]
test_pipeline[1] = dict(test_pipeline[1], scale=size)
train_dataloader = dict(batch_size=batch_size, dataset=dict(**own, **train, pipeline=pipeline))
test_dataloader = val_dataloader = dict(dataset=dict(**own, **val, pipeline=test_pipeline))
metric = ['bbox', 'segm'] if with_masks else ['bbox']
scored = dict(type='mmgreen.CocoMetric', metric=metric, max_per_image=max_per_image)
test_evaluator = val_evaluator = dict(ann_file=data_root + val['ann_file'], **scored)
auto_scale_lr, train_cfg = dict(enable=True), dict(max_epochs=epochs)
warm_up = dict(type='LinearLR', start_factor=0.001, end=1, convert_to_iter_based=True)
cosine = dict(type='CosineAnnealingLR', T_max=epochs, end=epochs, convert_to_iter_based=True)
param_scheduler = [warm_up, cosine]
