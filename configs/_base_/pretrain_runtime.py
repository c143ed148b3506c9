# What surrounds a pretraining: randomness, logs, checkpoints.
default_scope = 'mmpretrain'

# Masks and augmentations follow from this number and from where training stands, so a run that was
# killed and resumed goes on as if nothing had happened.
randomness = dict(seed=0)

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='mmgreen.SeedEachStep'),
    dict(type='mmgreen.StopOnNonFiniteLoss', interval=50),
    dict(type='mmgreen.RunSummary'),
    dict(type='mmgreen.PlanInWorkers'),  # where each image has a mask of its own
    dict(type='mmgreen.CheckNormalisation'),  # whether the net sees contrast
    dict(type='mmgreen.EarlyVerdict'),  # whether more than tints is learned
    dict(type='mmgreen.DrawCurves'),
    # A sheet of reconstructions every 20 epochs:
    # dict(type='mmgreen.DrawReconstructions', img_path='FOLDER', interval=20),
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

# mmengine logs the mean of the last ten of all that has 'loss' in its name; of the error in a
# validation the log is to have what that validation found.
log_processor = dict(mean_pattern=r'^(?!.*reconstruction_loss).*(loss|time|grad_norm)')

log_level = 'INFO'
load_from = None
resume = False
