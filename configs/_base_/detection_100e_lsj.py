# ViTDet's schedule on COCO for 100 epochs (arXiv 2203.16527, appendix A.2), with the rate and decay
# that Hiera's paper gives (arXiv 2306.00989, table 15): batches of 64 images, counted in steps. The
# rate falls after 8/9 and after 26/27 of them; warm-up is ViTDet's. Goes with
# log_processor.by_epoch=False.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=184375, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=3.5e-5, betas=(0.9, 0.999), weight_decay=0.1),
    paramwise_cfg=dict(layer_decay_rate=1.0),  # Hiera's detectors have none
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=250),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=184375,
        milestones=[163889, 177546],
        gamma=0.1,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
