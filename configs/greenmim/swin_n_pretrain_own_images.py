# Pretraining of a small Swin (6 M) on your own images, for a computer without a GPU: copy this
# file anywhere, set the values, and run 'python tools/train.py my_images.py'. Ours: as
# cells/swin_large_crops_pretrain.py, with crops that follow from the size of your objects.
_base_ = [__import__('mmgreen').config_file('cells/swin_large_crops_pretrain.py')]

data_root = 'data/my_images'  # any folder, nested or flat; what is no image is left aside
object_size = 40  # px across, of a typical object: crops show it as wide as two units of the mask
pixels = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])  # mmgreen mean-std DIR
flip_vertically = 0.5  # 0 where images have an up and a down
held_out = 100  # of these images, a tenth at most, are not trained on and judge what is learned
epochs = 180  # 18,000 steps, 80 minutes on two cores; on blood cells shorter ones gained less
warmup = 2
crops_per_epoch = 1000  # an epoch is so many crops, however few or many images there are
batch_size = 10  # images of each process
num_gpus = 1  # processes; 1 on a CPU
learning_rate = 8e-4  # for batches of batch_size * num_gpus
start_from = None  # a checkpoint: of an encoder, or of a pretraining; None: random weights
with_decoder = False  # whether the decoder in that checkpoint is taken too

start = dict(init_cfg=dict(type='Pretrained', checkpoint=start_from))
model = dict(data_preprocessor=pixels, **(start if with_decoder else dict(backbone=start)))
near = dict(crop_size=int(4.4 * object_size), pad_if_needed=True, padding_mode='reflect')
crops = [dict(type='mmpretrain.RandomCrop', **near), {**_base_.crop, 'crop_ratio_range': (0.4, 1)}]
read, _, *flips, pack = _base_.train_dataloader.dataset.pipeline
flips[1].prob = flip_vertically
data = dict(data_root=data_root, held_out=held_out)
train_dataloader = dict(
    batch_size=batch_size,
    sampler=dict(samples_per_epoch=crops_per_epoch),
    dataset=dict(**data, part='training', pipeline=[read, *crops, *flips, pack]),
)
val_dataloader = test_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(**data, part='held_out', pipeline=[read, *crops, pack]),
)
train_cfg, optim_wrapper = dict(max_epochs=epochs), dict(optimizer=dict(lr=learning_rate))
auto_scale_lr = dict(base_batch_size=batch_size * num_gpus)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup)
param_scheduler[1].update(T_max=epochs - warmup, begin=warmup, end=epochs)
