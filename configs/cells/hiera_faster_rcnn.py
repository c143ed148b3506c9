# Faster R-CNN with the small Hiera of configs/cells/hiera_pretrain.py on the blood cells of BCCD,
# at 320x240 px, with narrow heads.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/hiera_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 4 images. Ours; as swin_faster_rcnn.py but for the backbone. A LayerNorm for
# each map: without it maps of a pretrained Hiera come to the pyramid many times too large.
_base_ = ['swin_faster_rcnn.py', '../_base_/small_hiera.py']

model = dict(backbone=dict(_delete_=True, **_base_.small_hiera_maps))
