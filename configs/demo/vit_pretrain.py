# The demo with a plain ViT: masked autoencoding of a small one at 128 px, on the demo's images.
#
#   python tools/dataset_converters/make_demo_data.py data/demo --grey
#   python tools/train.py configs/demo/vit_pretrain.py
#
# Batch: 1 process x 32 images. Ours, and may change: as swin_pretrain.py but for the model.
_base_ = 'swin_pretrain.py'

model = dict(
    type='mmgreen.MAE',
    backbone=dict(
        _delete_=True,
        type='mmpretrain.MAEViT',
        arch=dict(embed_dims=160, num_layers=6, num_heads=5, feedforward_channels=640),
        img_size=128,
        patch_size=16,
    ),
    neck=dict(
        _delete_=True,
        type='mmpretrain.MAEPretrainDecoder',
        num_patches=64,
        patch_size=16,
        embed_dim=160,
        decoder_embed_dim=128,
        decoder_depth=2,
        decoder_num_heads=4,
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
