# ViTDet's schedule for Swin on COCO (arXiv 2203.16527, tables 9 and 11): 50 epochs of AdamW with
# batches of 64 images, counted in steps as there. Half of the 184,375 steps of 100 epochs; the
# rate falls after 8/9 and after 26/27 of them. Goes with log_processor.by_epoch=False.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=92188, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(layer_decay_rate=1.0),  # ViTDet saw no gain from decay for Swin
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=250),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=92188,
        milestones=[81944, 88773],
        gamma=0.1,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
