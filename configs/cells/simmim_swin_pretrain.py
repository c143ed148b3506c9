# SimMIM pretraining of the small Swin of configs/cells/swin_pretrain.py on the blood cells of BCCD,
# at 224 px: the baseline beside GreenMIM, whose encoder computes every token.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/simmim_swin_pretrain.py
#   python tools/train.py configs/cells/swin_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 10 crops, as many pixels as 32 of 128 px. Ours; as swin_pretrain.py but for the
# model and the size, for mmpretrain's SimMIMSwinTransformer wants maps that windows of 7 divide.
# Crops of some 179 px are magnified to 224, by as much as there.
_base_ = ['swin_pretrain.py']

size = 224
batch_size = 10

model = dict(
    type='mmgreen.SimMIM',
    backbone=dict(
        _delete_=True,
        type='mmpretrain.SimMIMSwinTransformer',
        arch=dict(embed_dims=48, depths=[2, 2, 4, 2], num_heads=[2, 4, 8, 16]),
        img_size=size,
        drop_path_rate=0.0,
        stage_cfgs=dict(block_cfgs=dict(window_size=7)),
    ),
    neck=dict(
        _delete_=True, type='mmpretrain.SimMIMLinearDecoder', in_channels=384, encoder_stride=32
    ),
    head=dict(
        _delete_=True,
        type='mmpretrain.SimMIMHead',
        patch_size=4,
        loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L1', channel=3),
    ),
)
crop = dict(
    type='mmpretrain.RandomResizedCrop',
    scale=size,
    crop_ratio_range=(0.245, 0.6125),  # the areas of swin_pretrain.py, by (224 / 128)^2
    backend='pillow',
    interpolation='bicubic',
)
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
