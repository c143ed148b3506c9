# The demo with Hiera: masked autoencoding of a small one at 128 px, on the demo's images.
#
#   python tools/dataset_converters/make_demo_data.py data/demo --grey
#   python tools/train.py configs/demo/hiera_pretrain.py
#
# Batch: 1 process x 32 images. Ours, and may change: as swin_pretrain.py but for the model.
_base_ = 'swin_pretrain.py'

model = dict(
    shared_mask=False,
    backbone=dict(
        _delete_=True,
        type='mmgreen.Hiera',
        arch=dict(embed_dims=32, depths=[1, 2, 3, 1], num_heads=[1, 2, 4, 8]),
        img_size=128,
        q_pool=2,
        pos_embed='abs_win',
        global_pos_size=4,
    ),
    neck=dict(
        in_channels=[32, 64, 128, 256],
        embed_dim=128,
        depth=2,
        num_heads=4,
        patch_size=16,
        fused_stages=(0, 1, 2, 3),
    ),
    head=dict(patch_size=16, order='chw'),
)
