# Faster R-CNN with the small ViT of configs/cells/vit_pretrain.py on the blood cells of BCCD, at
# 320x240 px, with narrow heads.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/vit_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 4 images. Ours; as swin_faster_rcnn.py but for the backbone, and the pyramid
# that a plain ViT needs.
_base_ = ['swin_faster_rcnn.py']

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.ViTDet',
        arch=dict(
            embed_dims=192,
            num_layers=12,
            num_heads=3,
            feedforward_channels=768,
            global_attn_indexes=[2, 5, 8, 11],
        ),
        img_size=320,
        pretrain_img_size=128,
        window_size=8,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(
        _delete_=True,
        type='mmgreen.SimpleFeaturePyramid',
        in_channels=192,
        out_channels=_base_.narrow_channels,
    ),
)
