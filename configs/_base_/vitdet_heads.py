# The heads of ViTDet (arXiv 2203.16527, appendix A.2) on a pyramid of 256 channels: two
# convolutions in the RPN, four and one fully connected layer for boxes, four for masks. Layer
# norm over channels, as in detectron2, except in the RPN. For model.rpn_head, model.roi_head and
# neck.norm_cfg.
layer_norm = dict(type='mmpretrain.LN2d', eps=1e-6)
vitdet_rpn_head = dict(num_convs=2)
vitdet_roi_head = dict(
    bbox_head=dict(type='mmdet.Shared4Conv1FCBBoxHead', conv_out_channels=256, norm_cfg=layer_norm),
    mask_head=dict(norm_cfg=layer_norm),
)
