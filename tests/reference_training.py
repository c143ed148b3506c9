"""A toy that trains in no time, in a runner with the options of our configs."""

import copy
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner

NUM_IMAGES, BATCH = 12, 4


class Toy(BaseModel):
    """Draws as a masked autoencoder does, notes what it drew, and can be told to fail."""

    def __init__(self, nan_at=None, nan_weight_at=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))
        self.nan_at, self.nan_weight_at = nan_at, nan_weight_at
        self.draws, self.steps = [], 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.draws.append(float(torch.rand(())))
        loss = (inputs.float().mean((0, 2, 3)) / 255 * self.weight).square().mean()
        if mode == 'predict':
            for sample in data_samples:
                sample.set_field(loss, 'reconstruction_loss')
            return data_samples
        self.steps += 1
        if self.steps == self.nan_at:
            loss = loss * float('nan')
        if self.steps == self.nan_weight_at:
            loss = loss + (self.weight - self.weight.detach()).sqrt().sum()  # 0, of infinite slope
        return {'loss': loss}

    def train_step(self, data, optim_wrapper):
        data['inputs'] = torch.stack(list(data['inputs']))
        return super().train_step(data, optim_wrapper)

    def test_step(self, data):
        data['inputs'] = torch.stack(list(data['inputs']))
        return super().test_step(data)

    def val_step(self, data):
        return self.test_step(data)


def loader(images, shuffle=True):
    return dict(
        batch_size=BATCH,
        num_workers=0,
        sampler=dict(type='mmgreen.SeededSampler', shuffle=shuffle),
        dataset=dict(
            type='mmgreen.UnlabelledImages',
            data_root=str(images),
            pipeline=[dict(type='mmgreen.ReadImage'), dict(type='mmpretrain.PackInputs')],
        ),
    )


def runner(images, hooks, name='run', model=None, seed=0, epochs=3, checkpoints=None, **changes):
    """A runner in a folder of its own beside the images, with the options of our configs."""
    options = dict(
        model=model or Toy(),
        work_dir=str(images.parent / name),
        train_dataloader=loader(images),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
        test_dataloader=loader(images, shuffle=False),
        test_cfg={},
        test_evaluator=dict(type='mmgreen.ReconstructionLoss'),
        custom_hooks=hooks,
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', **(checkpoints or {}))),
        randomness=dict(seed=seed),
        default_scope='mmpretrain',
        experiment_name=f'{images.parent.name}_{name}',
    )
    options.update(changes)
    written = {key: options[key] for key in options if key not in ('model', 'custom_hooks')}
    return Runner(**options, cfg=copy.deepcopy(written))


def log_of(trained):
    return next(Path(trained.log_dir).glob('*.log')).read_text()


RESUMABLE = [
    dict(type='mmgreen.SeedEachStep'),
    dict(type='mmgreen.StoreFacts'),
    dict(type='mmgreen.ResumeWithConfig'),
]


class NoteRates(Hook):
    """The rate of every step, by its number."""

    def __init__(self):
        self.rates = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates[runner.iter + 1] = runner.optim_wrapper.get_lr()['lr'][0]


def resumable(images, name, *hooks, epochs=3, lr=1e-2, batch=BATCH, checkpoints=None, **changes):
    """A runner that can be stopped anywhere: AdamW, and half a cosine over the epochs."""
    options = dict(
        train_dataloader={**loader(images), 'batch_size': batch},
        train_cfg=dict(type='mmgreen.ResumableEpochLoop', max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=lr, weight_decay=0.1)),
        param_scheduler=[
            dict(type='CosineAnnealingLR', T_max=epochs, end=epochs, convert_to_iter_based=True)
        ],
        default_hooks=dict(
            checkpoint=dict(type='mmgreen.SafeCheckpointHook', interval=1, **(checkpoints or {}))
        ),
    )
    return runner(images, [*RESUMABLE, *hooks], name, epochs=epochs, **{**options, **changes})
