# Pretraining of Hiera-B on your own videos: copy this file anywhere, set the values, and run
#   python tools/train.py my_clips.py
# Ours; for another size take another file of this folder as the base. The rate is for this batch.
_base_ = [__import__('mmgreen').config_file('hiera/hiera_b_video_pretrain_k400.py')]

data_root = 'data/my_videos'  # any folder of videos, nested or flat
held_out = 100  # of these videos, a tenth at most, are not trained on and judge what is learned
epochs = 100
warmup = 5
videos_per_epoch = 1600  # an epoch takes 4 clips of so many videos, however many there are
batch_size = 8  # videos on each GPU, 4 clips of each
num_gpus = 1
start_from = None  # a checkpoint of an encoder or a pretraining; None: random weights

start = dict(type='Pretrained', checkpoint=start_from)
model = dict(backbone=dict(init_cfg=start), neck=dict(fused_stages=(0, 1, 3)))  # official stages
train_dataloader, val_dataloader = _base_.train_dataloader, _base_.test_dataloader
train_dataloader.batch_size = val_dataloader.batch_size = batch_size
train_dataloader.sampler.samples_per_epoch = videos_per_epoch
train_dataloader.dataset.update(data_root=data_root, held_out=held_out, part='training')
val_dataloader.dataset.update(data_root=data_root, held_out=held_out, part='held_out')
test_dataloader, val_cfg = val_dataloader, {}
val_evaluator = dict(type='mmgreen.ReconstructionLoss')
train_cfg = dict(max_epochs=epochs, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=8e-4 * 4 * batch_size * num_gpus / 512))
auto_scale_lr = dict(base_batch_size=4 * batch_size * num_gpus)
_base_.param_scheduler[1].update(T_max=epochs - warmup, begin=warmup, end=epochs)
param_scheduler = [dict(_base_.param_scheduler[0], end=warmup), _base_.param_scheduler[1]]
