# Fine-tuning of Hiera with AdamW, as its paper has it (arXiv 2306.00989, table 14b): warm-up over 5
# of 100 epochs, then half a cosine to 0, both moved at every step. Written for a batch of 1024.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.05),
    # Lower layers learn more slowly; no decay on biases and norms, and on tables of positions.
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.7),
    accumulative_counts=1,  # batches per step of the optimizer
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        begin=0,
        end=5,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=95,
        eta_min=0.0,
        begin=5,
        end=100,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)

# tools/train.py --auto-scale-lr multiplies the rate by (real batch / this one).
auto_scale_lr = dict(enable=False, base_batch_size=1024)
