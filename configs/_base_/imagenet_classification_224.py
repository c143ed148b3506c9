# Images in one folder for each class at 224 px, with RandAugment and random erasing as in MAE and
# SimMIM; mixup and cutmix belong to the model. Written for ImageNet-1K on 8 GPUs; any folder of
# folders will do:
#   --cfg-options train_dataloader.dataset.data_root=FOLDER
# Places365 and iNaturalist need other paths and another number of classes, as
# configs/hiera/hiera_t_finetune_own_data.py shows; a list of paths and labels goes into
# dataset.ann_file.
mean_rgb = [123.675, 116.28, 103.53]
std_rgb = [58.395, 57.12, 57.375]
train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.LabelledImages',
        data_root='data/imagenet/train',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(
                type='mmpretrain.RandomResizedCrop',
                scale=224,
                backend='pillow',
                interpolation='bicubic',
            ),
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(
                type='mmpretrain.RandAugment',
                policies='timm_increasing',
                num_policies=2,
                total_level=10,
                magnitude_level=9,
                magnitude_std=0.5,
                hparams=dict(pad_val=[104, 116, 124], interpolation='bicubic'),
            ),
            dict(
                type='mmpretrain.RandomErasing',
                erase_prob=0.25,
                mode='rand',
                min_area_ratio=0.02,
                max_area_ratio=1 / 3,
                fill_color=mean_rgb[::-1],
                fill_std=std_rgb[::-1],
            ),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.LabelledImages',
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
test_dataloader = val_dataloader
val_evaluator = dict(type='mmpretrain.Accuracy', topk=(1, 5))
test_evaluator = val_evaluator
val_cfg = {}
test_cfg = {}
