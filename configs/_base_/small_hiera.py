# A Hiera of 4.5 M parameters for units of 32 px in images of 128 px, and what decodes it: for
# model.backbone, model.neck and model.head. Positions are those of a unit plus a coarse table of
# the image, for plain ones are interpolated at other sizes (arXiv 2311.05613).
small_hiera = dict(
    type='mmgreen.Hiera',
    arch=dict(embed_dims=48, depths=[1, 2, 6, 1], num_heads=[1, 2, 4, 8]),
    img_size=128,
    pos_embed='abs_win',
    global_pos_size=4,
)
# Of a detector: a LayerNorm for each map, without which those of a pretrained Hiera come to the
# pyramid many times too large.
small_hiera_maps = dict(
    **small_hiera,
    out_indices=(0, 1, 2, 3),
    out_norms=True,
    init_cfg=dict(type='Pretrained', checkpoint=None),
)
small_hiera_decoder = dict(
    in_channels=[48, 96, 192, 384],
    embed_dim=192,
    depth=2,
    num_heads=6,
    patch_size=16,
    fused_stages=(0, 1, 2, 3),
)
small_hiera_head = dict(patch_size=16, order='chw')
