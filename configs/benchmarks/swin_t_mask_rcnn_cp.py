# Mask R-CNN with Swin-T that computes activations again, beside greenmim/swin_t_mask_rcnn_coco.py.
# For tools/analysis_tools/benchmark.py --mode memory.
_base_ = '../greenmim/swin_t_mask_rcnn_coco.py'
model = dict(backbone=dict(with_cp=True))
