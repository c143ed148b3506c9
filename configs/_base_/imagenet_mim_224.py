# Images without labels at 224 px for masked image modelling: a random crop and a flip, no more, as
# in MAE and GreenMIM. Written for ImageNet-1K on 8 GPUs; any folder of images will do:
#   --cfg-options train_dataloader.dataset.data_root=FOLDER
train_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.UnlabelledImages',
        data_root='data/imagenet/train',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(
                type='mmpretrain.RandomResizedCrop',
                scale=224,
                crop_ratio_range=(0.2, 1.0),
                backend='pillow',
                interpolation='bicubic',
            ),
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)

# tools/test.py says how well hidden patches of these images are predicted. Training does not look
# at them.
test_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.UnlabelledImages',
        data_root='data/imagenet/val',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(
                type='mmpretrain.ResizeEdge',
                scale=256,
                edge='short',
                backend='pillow',
                interpolation='bicubic',
            ),
            dict(type='mmcv.transforms.CenterCrop', crop_size=224),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_cfg = {}
test_evaluator = dict(type='mmgreen.ReconstructionLoss')
