# mmdet's Swin-B in the same Mask R-CNN, the peer of greenmim/swin_b_mask_rcnn_coco.py.
_base_ = '../greenmim/swin_b_mask_rcnn_coco.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmdet.SwinTransformer',
        embed_dims=128,
        depths=[2, 2, 18, 2],
        num_heads=[4, 8, 16, 32],
        drop_path_rate=0.3,
    )
)
