# SimMIM pretraining of Swin-B, window 6, at 192 px (arXiv 2111.09886): the baseline beside
# GreenMIM, whose encoder computes every token. Net, decoder and loss are mmpretrain's.
#
#   bash tools/dist_train.sh configs/simmim/swin_b_pretrain.py 8 --amp
#   python tools/train.py configs/simmim/swin_b_pretrain.py --amp --auto-scale-lr      (one GPU)
#
# Batch: 8 GPUs x 256 images; the rate is for 2048 images (auto_scale_lr).
# Time: 1,609 GPU hours for 800 epochs, quoted from the README of Alpha-VL/FastConvMAE; not run by
#   us.
# Score: 84.0 % top-1 on ImageNet-1K after fine-tuning at 224 px, quoted from microsoft/SimMIM; not
#   run by us.
_base_ = [
    '../_base_/imagenet_mim_224.py',
    '../_base_/simmim_schedule.py',
    '../_base_/pretrain_runtime.py',
]

size = 192
model = dict(
    type='mmgreen.SimMIM',
    mask_ratio=0.6,
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    backbone=dict(
        type='mmpretrain.SimMIMSwinTransformer',
        arch='base',
        img_size=size,
        drop_path_rate=0.0,
        stage_cfgs=dict(block_cfgs=dict(window_size=6)),
    ),
    neck=dict(type='mmpretrain.SimMIMLinearDecoder', in_channels=1024, encoder_stride=32),
    head=dict(
        type='mmpretrain.SimMIMHead',
        patch_size=4,
        loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L1', channel=3),
    ),
)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(
                type='mmpretrain.RandomResizedCrop',
                scale=size,
                crop_ratio_range=(0.67, 1.0),
                backend='pillow',
                interpolation='bilinear',
            ),
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            dict(
                type='mmpretrain.ResizeEdge',
                scale=219,
                edge='short',
                backend='pillow',
                interpolation='bilinear',
            ),
            dict(type='mmcv.transforms.CenterCrop', crop_size=size),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
