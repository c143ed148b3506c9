"""Small SimMIM and MAE as configs."""

SWIN = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
VIT = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)


def simmim(mask_ratio=0.6):
    return dict(
        type='mmgreen.SimMIM',
        mask_ratio=mask_ratio,
        backbone=dict(
            type='mmpretrain.SimMIMSwinTransformer',
            arch=SWIN,
            drop_path_rate=0.0,
            stage_cfgs=dict(block_cfgs=dict(window_size=2)),
        ),
        neck=dict(type='mmpretrain.SimMIMLinearDecoder', in_channels=64, encoder_stride=32),
        head=dict(
            type='mmpretrain.SimMIMHead',
            patch_size=4,
            loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L1', channel=3),
        ),
    )


def mae(mask_ratio=0.75, norm_pix=True):
    return dict(
        type='mmgreen.MAE',
        mask_ratio=mask_ratio,
        backbone=dict(type='mmpretrain.MAEViT', arch=VIT, img_size=64, patch_size=16),
        neck=dict(
            type='mmpretrain.MAEPretrainDecoder',
            num_patches=16,
            patch_size=16,
            embed_dim=16,
            decoder_embed_dim=16,
            decoder_depth=1,
            decoder_num_heads=2,
        ),
        head=dict(
            type='mmpretrain.MAEPretrainHead',
            norm_pix=norm_pix,
            patch_size=16,
            loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L2'),
        ),
    )
