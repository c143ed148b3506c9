# MAE pretraining of Hiera-B at 224 px (arXiv 2306.00989, table 14a).
#
#   bash tools/dist_train.sh configs/hiera/hiera_b_pretrain.py 8 --amp
#   python tools/train.py configs/hiera/hiera_b_pretrain.py --amp --auto-scale-lr      (one GPU)
#
# Batch: 8 GPUs x 512 images; the rate is for 4096 images (auto_scale_lr).
# All four stages are fused, as the paper says; its code leaves out the third, and so do its files:
#   model.neck.fused_stages="(0,1,3)".
# Score: 84.5 % top-1 on ImageNet-1K after fine-tuning, quoted from the paper (table 8). Time and
#   score: not run by us.
_base_ = [
    '../_base_/imagenet_mim_224.py',
    '../_base_/hiera_schedule.py',
    '../_base_/pretrain_runtime.py',
]

model = dict(
    type='mmgreen.MaskedAutoencoder',
    mask_ratio=0.6,
    shared_mask=False,
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    backbone=dict(
        type='mmgreen.Hiera',
        arch='base',
        img_size=224,
        drop_path_rate=0.2,
        q_pool=2,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(
        type='mmgreen.MIMDecoder',
        in_channels=[96, 192, 384, 768],
        embed_dim=512,
        depth=8,
        num_heads=16,
        img_size=224,
        patch_size=16,
        pos_embed='learned',
        fused_stages=(0, 1, 2, 3),
    ),
    head=dict(type='mmgreen.MIMHead', target='norm_pixel', patch_size=16, order='chw'),
)
train_dataloader = dict(batch_size=512)
