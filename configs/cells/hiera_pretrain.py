# Masked autoencoding of a small Hiera (4.5 M) on the blood cells of BCCD, at 128 px.
#
#   python tools/dataset_converters/make_cell_data.py BCCD data/cells
#   python tools/train.py configs/cells/hiera_pretrain.py
#
# Batch: 1 process x 32 crops. Ours; as swin_pretrain.py but for the model.
_base_ = ['swin_pretrain.py', '../_base_/small_hiera.py']

model = dict(
    shared_mask=False,
    backbone=dict(_delete_=True, **_base_.small_hiera, q_pool=2),
    neck=_base_.small_hiera_decoder,
    head=_base_.small_hiera_head,
)
