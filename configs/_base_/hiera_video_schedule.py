# Masked pretraining of Hiera on clips with AdamW (arXiv 2306.00989, table 11). Rate, decay, betas,
# batch, warm-up and effective epochs are quoted; ours is to read 512 as clips, and the warm-up as
# effective epochs too. With 4 clips of each video an epoch here is 4 effective ones: 3,200 are 800,
# of which 30 (120) warm up. For 800 effective epochs:
#   --cfg-options train_cfg.max_epochs=200 param_scheduler.1.T_max=170 param_scheduler.1.end=200
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=8e-4, betas=(0.9, 0.95), weight_decay=0.05),
    # No decay on biases and norms, on tables of positions and on the mask token.
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=1.0),  # 1: the same rate in every layer
    accumulative_counts=1,  # batches per step of the optimizer
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        begin=0,
        end=30,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=770,
        eta_min=0.0,
        begin=30,
        end=800,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(by_epoch=True, max_epochs=800)

# tools/train.py --auto-scale-lr multiplies the rate by (clips of a real batch / this).
auto_scale_lr = dict(enable=False, base_batch_size=512)
