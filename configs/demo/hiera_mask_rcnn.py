# The demo with Hiera: Mask R-CNN with the small one that configs/demo/hiera_pretrain.py pretrains.
#
#   python tools/dataset_converters/make_demo_data.py data/demo --grey
#   python tools/train.py configs/demo/hiera_mask_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 8 images. Ours, and may change: as swin_mask_rcnn.py but for the backbone.
_base_ = 'swin_mask_rcnn.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.Hiera',
        arch=dict(embed_dims=32, depths=[1, 2, 3, 1], num_heads=[1, 2, 4, 8]),
        img_size=128,
        out_indices=(0, 1, 2, 3),
        out_norms=True,
        pos_embed='abs_win',
        global_pos_size=4,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
)
