# What surrounds the training of a classifier: randomness, logs, checkpoints, checks.
default_scope = 'mmpretrain'

# Augmentations, mixup and drop path follow from this number and from where training stands.
randomness = dict(seed=0)

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3, save_best='accuracy/top1'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='mmpretrain.VisualizationHook', enable=False),
)
custom_hooks = [
    dict(type='mmgreen.SeedEachStep'),
    dict(type='mmgreen.StopOnNonFiniteLoss', interval=50),
    dict(type='mmgreen.RunSummary'),
    dict(type='mmgreen.CheckNormalisation'),  # whether the net sees contrast
    dict(type='mmgreen.DrawCurves'),
    # The classifier has as many outputs as the data have classes.
    dict(type='mmgreen.ClassesMustFit'),
]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

visualizer = dict(
    type='mmpretrain.UniversalVisualizer',
    vis_backends=[dict(type='LocalVisBackend')],
)

log_level = 'INFO'
load_from = None
resume = False
