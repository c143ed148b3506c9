# Labelled clips, 16 frames of 224 px at a stride of 4, with RandAugment and random erasing of one
# draw for all frames of a clip; mixup and cutmix belong to the model. Written for the lists of
# Kinetics on 8 GPUs (a path and a label on each line); without ann_file a folder for each class:
#   --cfg-options train_dataloader.dataset.ann_file= train_dataloader.dataset.data_root=FOLDER
# batch_size counts videos, of each of which num_clips are taken while it is decoded once; what is
# said of a batch counts clips, 16 x 2 = 32 on each GPU here.
# Quoted (arXiv 2306.00989, table 11): two clips of a video, RandAugment (7, 0.5), 5 clips x 3 crops
# in a test (--tta). Ours: four policies of RandAugment, crops of 0.08 to 1, random erasing.
mean_rgb = [123.675, 116.28, 103.53]
std_rgb = [58.395, 57.12, 57.375]
train_dataloader = dict(
    batch_size=16,
    num_workers=12,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=True),
    collate_fn=dict(type='mmgreen.collate_clips'),
    dataset=dict(
        type='mmgreen.LabelledClips',
        data_root='data/kinetics400',
        ann_file='train.csv',
        pipeline=[
            dict(type='mmgreen.ReadClips', num_frames=16, stride=4, num_clips=2, short_side=320),
            dict(
                type='mmgreen.ForEachClip',
                transforms=[
                    dict(
                        type='mmpretrain.RandomResizedCrop',
                        scale=224,
                        backend='cv2',
                        interpolation='bicubic',
                    ),
                    dict(type='mmcv.transforms.RandomFlip', prob=0.5),
                    dict(
                        type='mmpretrain.RandAugment',
                        policies='timm_increasing',
                        num_policies=4,
                        total_level=10,
                        magnitude_level=7,
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
                ],
            ),
            dict(type='mmgreen.PackClips'),
        ],
    ),
)
resize = dict(
    type='mmgreen.ForEachClip',
    transforms=[
        dict(
            type='mmpretrain.ResizeEdge',
            scale=224,
            edge='short',
            backend='cv2',
            interpolation='bicubic',
        ),
    ],
)
# While it trains, one clip from the middle of each video, cropped at the centre.
val_dataloader = dict(
    batch_size=16,
    num_workers=12,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmgreen.LabelledClips',
        data_root='data/kinetics400',
        ann_file='val.csv',
        pipeline=[
            dict(type='mmgreen.ReadClips', num_frames=16, stride=4, spread=True, short_side=320),
            resize,
            dict(type='mmgreen.CropAlongLongSide', size=224, num_crops=1),
            dict(type='mmgreen.PackClips'),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='mmpretrain.Accuracy', topk=(1, 5))
test_evaluator = val_evaluator
val_cfg = {}
test_cfg = {}

# tools/test.py --tta: the mean of the probabilities of 5 clips x 3 crops.
tta_model = dict(type='mmpretrain.AverageClsScoreTTA')
tta_pipeline = [
    dict(
        type='mmgreen.ReadClips', num_frames=16, stride=4, num_clips=5, spread=True, short_side=320
    ),
    resize,
    dict(type='mmgreen.CropAlongLongSide', size=224, num_crops=3),
    dict(type='mmgreen.PackClips'),
]
