# mmdet's Swin-B, the peer of swin_b_dense.py.
custom_imports = dict(imports=['mmdet.models'])
model = dict(
    type='mmdet.SwinTransformer', embed_dims=128, depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32]
)
