# Narrow heads of mmdet's Faster and Mask R-CNN for small nets: 64 channels and few boxes, so that a
# training takes minutes on two CPU cores. For neck.out_channels, model.rpn_head, the parts of
# model.roi_head, model.train_cfg and model.test_cfg.
narrow_channels = 64
narrow_rpn_head = dict(in_channels=narrow_channels, feat_channels=narrow_channels)
narrow_extractor = dict(out_channels=narrow_channels)
narrow_bbox_head = dict(in_channels=narrow_channels, fc_out_channels=256)
narrow_train_cfg = dict(
    rpn=dict(sampler=dict(num=64)),
    rpn_proposal=dict(nms_pre=300, max_per_img=100),
    rcnn=dict(sampler=dict(num=64)),
)
narrow_test_cfg = dict(rpn=dict(nms_pre=300, max_per_img=100))
