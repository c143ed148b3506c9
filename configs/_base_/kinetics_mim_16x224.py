# Clips without labels, 16 frames of 224 px at a stride of 4, for masked modelling: a random crop
# and a flip, the same for every frame, as in Hiera. Written for Kinetics-400 on 8 GPUs; any folder
# of videos will do:
#   --cfg-options train_dataloader.dataset.data_root=FOLDER
# batch_size counts videos, of each of which num_clips are taken while it is decoded once. All that
# is said of a batch (auto_scale_lr, the log) counts clips, 16 x 4 = 64 on each GPU here; an epoch
# goes once through the videos, and is num_clips of the papers' effective epochs.
# A stride is so many frames of a video of 30 frames a second, in any video (by='time'). Larger
# videos are read with 320 px on their shorter side, averaged over areas, and cropped by OpenCV: of
# 340x256 px in half the time that Pillow's crop takes (docs/benchmarks.md).
train_dataloader = dict(
    batch_size=16,
    num_workers=12,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=True),
    collate_fn=dict(type='mmgreen.collate_clips'),
    dataset=dict(
        type='mmgreen.UnlabelledClips',
        data_root='data/kinetics400/train',
        pipeline=[
            dict(type='mmgreen.ReadClips', num_frames=16, stride=4, num_clips=4, short_side=320),
            dict(
                type='mmgreen.ForEachClip',
                transforms=[
                    dict(
                        type='mmpretrain.RandomResizedCrop',
                        scale=224,
                        crop_ratio_range=(0.5, 1.0),
                        backend='cv2',
                        interpolation='bicubic',
                    ),
                    dict(type='mmcv.transforms.RandomFlip', prob=0.5),
                ],
            ),
            dict(type='mmgreen.PackClips'),
        ],
    ),
)

# tools/test.py says how well hidden patches of these clips are predicted, one from the middle of
# each video. Training does not look at them.
test_dataloader = dict(
    batch_size=16,
    num_workers=12,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
    collate_fn=dict(type='mmgreen.collate_clips'),
    dataset=dict(
        type='mmgreen.UnlabelledClips',
        data_root='data/kinetics400/val',
        pipeline=[
            dict(type='mmgreen.ReadClips', num_frames=16, stride=4, spread=True, short_side=320),
            dict(
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
            ),
            dict(type='mmgreen.CropAlongLongSide', size=224, num_crops=1),
            dict(type='mmgreen.PackClips'),
        ],
    ),
)
test_cfg = {}
test_evaluator = dict(type='mmgreen.ReconstructionLoss')
