# GreenMIM pretraining of a small Swin (6 M) on the blood cells of BCCD, at 224 px.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/swin_large_crops_pretrain.py
#
# Batch: 1 process x 10 crops. Ours; as swin_pretrain.py, with crops of three times the area at the
# same magnification, 49 units instead of 16, and as many pixels a step.
_base_ = ['swin_pretrain.py']

size = 224
batch_size = 10

model = dict(backbone=dict(img_size=size), neck=dict(img_size=size))
crop = {
    **_base_.crop,
    'scale': size,
    'crop_ratio_range': (0.245, 0.6125),  # the areas of swin_pretrain.py, by (224 / 128)^2
}
read, _, *flips, pack = _base_.train_dataloader.dataset.pipeline
train_dataloader = dict(
    batch_size=batch_size,
    sampler=dict(samples_per_epoch=_base_.steps_per_epoch * batch_size),
    dataset=dict(pipeline=[read, crop, *flips, pack]),
)
test_dataloader = val_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=[read, crop, pack])
)
auto_scale_lr = dict(base_batch_size=batch_size)
