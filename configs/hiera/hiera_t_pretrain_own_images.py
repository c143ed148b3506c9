# Pretraining of Hiera-T on your own images: copy this file anywhere, set the values, and run
#   python tools/train.py my_images.py
# Ours; for another size take another file of this folder as the base. The rate is for this batch.
_base_ = [__import__('mmgreen').config_file('hiera/hiera_t_pretrain.py')]

data_root = 'data/my_images'  # any folder, nested or flat; what is no image is left aside
held_out = 100  # of these images, a tenth at most, are not trained on and judge what is learned
epochs = 100
warmup = 5
crops_per_epoch = 6400  # an epoch is so many crops, however few or many images there are
batch_size = 64  # images on each GPU
num_gpus = 1
learning_rate = 8e-4  # for batches of batch_size * num_gpus
start_from = None  # a checkpoint: of an encoder, or of a pretraining; None: random weights
with_decoder = False  # whether the decoder in that checkpoint is taken too
fused_stages = (0, 1, 3)  # as in official files; the paper has (0, 1, 2, 3)

positions = dict(pos_embed='abs_win', global_pos_size=7)  # they hold at any size of image
start = dict(init_cfg=dict(type='Pretrained', checkpoint=start_from))
backbone = positions if with_decoder else dict(**positions, **start)
model = dict(backbone=backbone, neck=dict(fused_stages=fused_stages))
model.update(start if with_decoder else {})
train_dataloader = dict(
    batch_size=batch_size,
    sampler=dict(samples_per_epoch=crops_per_epoch),
    dataset=dict(data_root=data_root, held_out=held_out, part='training'),
)
val_dataloader = test_dataloader = _base_.test_dataloader
val_dataloader.update(batch_size=batch_size)
val_dataloader.dataset.update(data_root=data_root, held_out=held_out, part='held_out')
val_cfg, val_evaluator = {}, dict(type='mmgreen.ReconstructionLoss')
train_cfg = dict(max_epochs=epochs, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=learning_rate))
auto_scale_lr = dict(base_batch_size=batch_size * num_gpus)
kind = dict(by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, begin=0, end=warmup, **kind),
    dict(type='CosineAnnealingLR', T_max=epochs - warmup, begin=warmup, end=epochs, **kind),
]
