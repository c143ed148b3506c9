# Masked autoencoding of a small Hiera (4.5 M) on the blood cells of BCCD, at 128 px.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/hiera_pretrain.py
#
# Batch: 1 process x 32 crops. Ours; as swin_pretrain.py but for the model. Positions are those of a
# unit plus a coarse table of the image, for plain ones are interpolated at other sizes (arXiv
# 2311.05613).
_base_ = 'swin_pretrain.py'

model = dict(
    shared_mask=False,
    backbone=dict(
        _delete_=True,
        type='mmgreen.Hiera',
        arch=dict(embed_dims=48, depths=[1, 2, 6, 1], num_heads=[1, 2, 4, 8]),
        img_size=128,
        q_pool=2,
        pos_embed='abs_win',
        global_pos_size=4,
    ),
    neck=dict(
        in_channels=[48, 96, 192, 384],
        embed_dim=192,
        depth=2,
        num_heads=6,
        patch_size=16,
        fused_stages=(0, 1, 2, 3),
    ),
    head=dict(patch_size=16, order='chw'),
)
