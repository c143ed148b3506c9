# The demo with ViTDet: Mask R-CNN with the small ViT that configs/demo/vit_pretrain.py pretrains.
#
#   python tools/dataset_converters/make_demo_data.py data/demo --grey
#   python tools/train.py configs/demo/vit_mask_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 8 images. Ours, and may change: as swin_mask_rcnn.py but for the backbone, and
# the pyramid that a plain ViT needs.
_base_ = 'swin_mask_rcnn.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.ViTDet',
        arch=dict(
            embed_dims=160,
            num_layers=6,
            num_heads=5,
            feedforward_channels=640,
            global_attn_indexes=[2, 5],
        ),
        img_size=128,
        pretrain_img_size=128,
        window_size=8,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(_delete_=True, type='mmgreen.SimpleFeaturePyramid', in_channels=160, out_channels=64),
)
