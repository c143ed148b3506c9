# SimMIM pretraining of the small Swin of configs/cells/swin_pretrain.py on the blood cells of BCCD,
# at 224 px: the baseline beside GreenMIM, whose encoder computes every token.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/simmim_swin_pretrain.py
#   python tools/train.py configs/cells/swin_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 10 crops. Ours; as swin_large_crops_pretrain.py but for the model: at 128 px
# mmpretrain's SimMIMSwinTransformer cannot be trained, for it wants maps that windows of 7 divide.
_base_ = ['swin_large_crops_pretrain.py']

model = dict(
    type='mmgreen.SimMIM',
    backbone=dict(
        _delete_=True,
        type='mmpretrain.SimMIMSwinTransformer',
        arch=dict(embed_dims=48, depths=[2, 2, 4, 2], num_heads=[2, 4, 8, 16]),
        img_size=_base_.size,
        drop_path_rate=0.0,
        stage_cfgs=dict(block_cfgs=dict(window_size=7)),
    ),
    neck=dict(
        _delete_=True, type='mmpretrain.SimMIMLinearDecoder', in_channels=384, encoder_stride=32
    ),
    head=dict(
        _delete_=True,
        type='mmpretrain.SimMIMHead',
        patch_size=4,
        loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L1', channel=3),
    ),
)
