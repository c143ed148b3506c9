# What surrounds the training of a detector, beside mmdet's default_runtime.
custom_hooks = [
    dict(type='mmgreen.SeedEachStep'),
    dict(type='mmgreen.StopOnNonFiniteLoss', interval=50),
    dict(type='mmgreen.RunSummary'),
    dict(type='mmgreen.CheckNormalisation'),  # whether the net sees contrast
    dict(type='mmgreen.DrawCurves'),
    dict(type='mmdet.NumClassCheckHook'),
]
