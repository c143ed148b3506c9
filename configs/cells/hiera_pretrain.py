# Masked autoencoding of a small Hiera (4.5 M) on the blood cells of BCCD, at 128 px.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/hiera_pretrain.py
#
# Batch: 1 process x 32 crops. Ours; as swin_pretrain.py but for the model, and twice as long, since
# it leaves tints behind more slowly.
_base_ = ['swin_pretrain.py', '../_base_/small_hiera.py']

epochs = 80

model = dict(
    shared_mask=False,
    backbone=dict(_delete_=True, **_base_.small_hiera, q_pool=2),
    neck=_base_.small_hiera_decoder,
    head=_base_.small_hiera_head,
)
train_cfg = dict(max_epochs=epochs, val_interval=10)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(T_max=epochs - _base_.warmup, end=epochs)
default_hooks = dict(checkpoint=dict(interval=10))
