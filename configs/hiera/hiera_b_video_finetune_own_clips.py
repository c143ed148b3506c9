# A classifier of your own videos with Hiera-B: copy this file anywhere, set the values, and run
#   python tools/train.py my_classes.py
# Ours; for another size take another file of this folder as the base. The rate is for this batch.
_base_ = [__import__('mmgreen').config_file('hiera/hiera_b_video_finetune_k400.py')]

train_root = 'data/my_videos/train'  # a folder for each class, with its videos
val_root = 'data/my_videos/val'  # the same with other videos
classes = ('closing', 'opening')  # names of the folders
flip = 0.5  # share of clips to mirror; 0.0 where that changes the class, as of 'left' and 'right'
epochs = 100
warmup = 5
batch_size = 8  # videos on each GPU, 2 clips of each
num_gpus = 1
start_from = None  # a checkpoint of a pretraining; None: random weights

number = dict(num_classes=len(classes))
start = dict(init_cfg=dict(checkpoint=start_from))
model = dict(data_preprocessor=number, backbone=start, head=number)
named = dict(ann_file='', metainfo=dict(classes=classes))
_base_.train_dataloader.dataset.pipeline[1].transforms[1].prob = flip
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=train_root, **named))
val_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=val_root, **named))
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(topk=(1,))
optim_wrapper = dict(optimizer=dict(lr=8e-4 * 2 * batch_size * num_gpus / 256))
auto_scale_lr = dict(base_batch_size=2 * batch_size * num_gpus)
train_cfg = dict(max_epochs=epochs)
_base_.param_scheduler[1].update(T_max=epochs - warmup, begin=warmup, end=epochs)
param_scheduler = [dict(_base_.param_scheduler[0], end=warmup), _base_.param_scheduler[1]]
