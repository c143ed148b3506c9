# Masked pretraining of Hiera on clips with AdamW (arXiv 2306.00989, table 11). Rate, decay, betas,
# batch, warm-up and effective epochs are quoted; ours is to read 512 as clips, and the warm-up as
# effective epochs too. With 4 clips of each video an epoch here is 4 effective ones: 3,200 are 800,
# of which 30 (120) warm up. For 800 effective epochs:
#   --cfg-options train_cfg.max_epochs=200 param_scheduler.1.T_max=170 param_scheduler.1.end=200
_base_ = 'hiera_schedule.py'

param_scheduler = [
    dict(_base_.param_scheduler[0], end=30),
    dict(_base_.param_scheduler[1], T_max=770, begin=30, end=800),
]
train_cfg = dict(max_epochs=800)

# tools/train.py --auto-scale-lr multiplies the rate by (clips of a real batch / this).
auto_scale_lr = dict(base_batch_size=512)
