# mmpretrain's SimMIM on the Swin-B of greenmim/swin_b_pretrain.py, the peer of docs/benchmarks.md:
# only its model, for tools/analysis_tools/benchmark.py.
model = dict(
    type='mmpretrain.SimMIM',
    backbone=dict(
        type='mmpretrain.SimMIMSwinTransformer',
        arch='base',
        img_size=224,
        stage_cfgs=dict(block_cfgs=dict(window_size=7)),
        drop_path_rate=0.0,
    ),
    neck=dict(type='mmpretrain.SimMIMLinearDecoder', in_channels=1024, encoder_stride=32),
    head=dict(
        type='mmpretrain.SimMIMHead',
        patch_size=4,
        loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L1', channel=3),
    ),
    data_preprocessor=dict(type='mmpretrain.SelfSupDataPreprocessor'),
)
