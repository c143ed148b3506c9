# Fine-tuning of Swin with AdamW, as SimMIM and GreenMIM have it: warm-up over 20 of 100 epochs,
# then half a cosine, both moved at every step. Written for a batch of 1024 (1.25e-3 for each 512).
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2.5e-3, betas=(0.9, 0.999), weight_decay=0.05),
    clip_grad=dict(max_norm=5.0),
    # Lower layers learn more slowly; no decay on biases and norms, and on tables of positions.
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.9),
    accumulative_counts=1,  # batches per step of the optimizer
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=2e-4,
        begin=0,
        end=20,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=80,
        eta_min=5e-7,
        begin=20,
        end=100,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)

# tools/train.py --auto-scale-lr multiplies the rate by (real batch / this one).
auto_scale_lr = dict(enable=False, base_batch_size=1024)
