# Masked autoencoding of a small plain ViT (5.5 M) on the blood cells of BCCD, at 128 px: the
# baseline beside GreenMIM and Hiera.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/vit_pretrain.py
#
# Batch: 1 process x 32 crops. Ours; as swin_pretrain.py but for the model.
_base_ = ['swin_pretrain.py']

model = dict(
    type='mmgreen.MAE',
    mask_ratio=0.75,
    backbone=dict(
        _delete_=True,
        type='mmpretrain.MAEViT',
        arch=dict(embed_dims=192, num_layers=12, num_heads=3, feedforward_channels=768),
        img_size=_base_.size,
        patch_size=16,
    ),
    neck=dict(
        _delete_=True,
        type='mmpretrain.MAEPretrainDecoder',
        num_patches=(_base_.size // 16) ** 2,
        patch_size=16,
        embed_dim=192,
        decoder_embed_dim=192,
        decoder_depth=2,
        decoder_num_heads=6,
        mlp_ratio=4.0,
    ),
    head=dict(
        _delete_=True,
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
