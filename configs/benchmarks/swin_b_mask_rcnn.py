# Mask R-CNN with Swin-B, every one of 100 detections kept: random weights would find next to none,
# and the mask head would have nothing to do. For tools/analysis_tools/benchmark.py --mode forward.
_base_ = '../greenmim/swin_b_mask_rcnn_coco.py'
model = dict(test_cfg=dict(rcnn=dict(score_thr=0.0)))
