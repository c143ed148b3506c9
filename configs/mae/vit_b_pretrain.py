# MAE pretraining of a plain ViT-B at 224 px (arXiv 2111.06377): the baseline whose weights ViTDet
# starts from. Net, decoder and loss are mmpretrain's.
#
#   bash tools/dist_train.sh configs/mae/vit_b_pretrain.py 8 --amp
#   python tools/train.py configs/mae/vit_b_pretrain.py --amp --auto-scale-lr      (one GPU)
#
# Batch: 8 GPUs x 512 images; the rate is for 4096 images (auto_scale_lr).
# Time: 2,069 GPU hours for 1,600 epochs, quoted from the README of Alpha-VL/FastConvMAE; not run by
#   us.
# Score: 83.6 % top-1 on ImageNet-1K after fine-tuning, quoted from facebookresearch/mae; not run by
#   us.
_base_ = [
    '../_base_/imagenet_mim_224.py',
    '../_base_/hiera_schedule.py',  # MAE's own (appendix A.1), but for the rate
    '../_base_/pretrain_runtime.py',
]

model = dict(
    type='mmgreen.MAE',
    mask_ratio=0.75,
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    backbone=dict(type='mmpretrain.MAEViT', arch='base', img_size=224, patch_size=16),
    neck=dict(
        type='mmpretrain.MAEPretrainDecoder',
        num_patches=196,
        patch_size=16,
        embed_dim=768,
        decoder_embed_dim=512,
        decoder_depth=8,
        decoder_num_heads=16,
        mlp_ratio=4.0,
    ),
    head=dict(
        type='mmpretrain.MAEPretrainHead',
        norm_pix=True,
        patch_size=16,
        loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L2'),
    ),
    init_cfg=[
        dict(type='Xavier', layer='Linear', distribution='uniform'),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)
train_dataloader = dict(batch_size=512)
optim_wrapper = dict(optimizer=dict(lr=2.4e-3))  # 1.5e-4 per 256 images: 1.5e-4 * 4096 / 256
