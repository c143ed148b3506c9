# Mask R-CNN with ViT-B that computes activations again, beside vitdet/vit_b_mask_rcnn_coco.py.
# For tools/analysis_tools/benchmark.py --mode memory.
_base_ = '../vitdet/vit_b_mask_rcnn_coco.py'
model = dict(backbone=dict(with_cp=True))
