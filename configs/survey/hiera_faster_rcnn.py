# Faster R-CNN with the small Hiera of configs/survey/hiera_pretrain.py on tree crowns.
#
#   python tools/dataset_converters/make_survey_data.py data/survey
#   python tools/train.py configs/survey/hiera_faster_rcnn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
#
# Batch: 1 process x 4 crops. Ours; as swin_faster_rcnn.py but for the backbone, of which each map
# has a LayerNorm, as in cells/hiera_faster_rcnn.py.
_base_ = ['swin_faster_rcnn.py', '../_base_/small_hiera.py']

model = dict(backbone=dict(_delete_=True, **_base_.small_hiera_maps))
