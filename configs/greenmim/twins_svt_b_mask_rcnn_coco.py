# Mask R-CNN on COCO with Twins-SVT-B, 36 epochs, multi-scale. Ours: the recipe of Swin-B. As in
# pretraining, the last stage alone ends with a norm.
#
#   bash tools/dist_train.sh configs/greenmim/twins_svt_b_mask_rcnn_coco.py 8 --amp \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 8 GPUs x 2 images; the rate is for 16 images (auto_scale_lr).
# Score: none is published. Time and score: not run by us.
_base_ = 'swin_b_mask_rcnn_coco.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenTwins',
        arch='svt_base',
        drop_path_rate=0.3,
        out_indices=(0, 1, 2, 3),
        qkv_bias=True,
        norm_after_stage=[False, False, False, True],
        with_cp=False,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[96, 192, 384, 768]),
)
