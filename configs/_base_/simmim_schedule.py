# 800 epochs with AdamW, as SimMIM's official configs have them: warm-up over 10, moved at every
# step, then a tenth of the rate from epoch 700 on; gradients are clipped. Written for a batch of
# 2048.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW',
        lr=4e-4,  # 1e-4 per 512 images: 1e-4 * 2048 / 512
        betas=(0.9, 0.999),
        weight_decay=0.05,
    ),
    # No decay on biases and norms, on tables of positions and on the mask token.
    constructor='mmgreen.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=1.0),  # 1: the same rate in every layer
    clip_grad=dict(max_norm=5.0),
    accumulative_counts=1,  # batches per step of the optimizer
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=5e-3,  # 5e-7 over 1e-4
        begin=0,
        end=10,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(type='MultiStepLR', milestones=[700], gamma=0.1, begin=10, end=800, by_epoch=True),
]
train_cfg = dict(by_epoch=True, max_epochs=800)

# tools/train.py --auto-scale-lr multiplies the rate by (real batch / this one).
auto_scale_lr = dict(enable=False, base_batch_size=2048)
