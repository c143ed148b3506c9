# 1,600 epochs with AdamW, as MAE has them (arXiv 2111.06377, appendix A.1): warm-up over 40, then
# half a cosine down to 0, both moved at every step. Written for a batch of 4096.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW',
        lr=2.4e-3,  # 1.5e-4 per 256 images: 1.5e-4 * 4096 / 256
        betas=(0.9, 0.95),
        weight_decay=0.05,
    ),
    # No decay on biases and norms, on tables of positions and on tokens.
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=1.0),  # 1: the same rate in every layer
    accumulative_counts=1,  # batches per step of the optimizer
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        begin=0,
        end=40,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=1560,
        eta_min=0.0,
        begin=40,
        end=1600,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(by_epoch=True, max_epochs=1600)

# tools/train.py --auto-scale-lr multiplies the rate by (real batch / this one).
auto_scale_lr = dict(enable=False, base_batch_size=4096)
