import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from PIL import Image

from mmgreen.hooks import StopOnNonFiniteLoss

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


@pytest.fixture
def images(tmp_path):
    for i in range(NUM_IMAGES):
        path = tmp_path / f'images/{i:02}.png'
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((16, 16, 3), 20 * i, dtype=np.uint8)).save(path)
    return tmp_path / 'images'


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


SEEDS = [dict(type='mmgreen.SeedEachStep')]
MUST_FIT = [dict(type='mmgreen.CheckpointMustFit')]
SUMMARY = [dict(type='mmgreen.RunSummary')]


class TestSeedEachStep:
    def test_every_step_draws_something_else_and_a_second_run_the_same(self, images):
        first, second = (runner(images, SEEDS, name) for name in 'ab')
        for each in (first, second):
            each.train()
        assert len(set(first.model.draws)) == 9
        assert first.model.draws == second.model.draws

    def test_a_resumed_run_draws_what_an_unbroken_one_does(self, images):
        whole = runner(images, SEEDS, 'whole')
        whole.train()
        runner(images, SEEDS, 'parts', epochs=1).train()
        rest = runner(images, SEEDS, 'parts', resume=True)
        rest.train()
        assert rest.model.draws == whole.model.draws[3:]
        assert torch.equal(rest.model.weight, whole.model.weight)

    def test_a_seed_that_nobody_gave_is_resumed_too(self, images):
        files = []

        class Note(Hook):
            def before_train_iter(self, runner, batch_idx, data_batch=None):
                files.append([sample.img_path for sample in data_batch['data_samples']])

        checkpoints = dict(interval=1)
        whole = runner(images, [*SEEDS, Note()], 'whole', seed=None, checkpoints=checkpoints)
        whole.train()
        rest = runner(
            images,
            [*SEEDS, Note()],
            'rest',
            seed=None,
            resume=True,
            load_from=str(images.parent / 'whole/epoch_1.pth'),
        )
        rest.train()
        assert rest.model.draws == whole.model.draws[3:]
        assert files[9:] == files[3:9]

    def test_processes_draw_differently(self, images):
        first, second = (runner(images, SEEDS, name, epochs=1) for name in 'ab')
        second._rank = 1
        for each in (first, second):
            each.train()
        assert not set(first.model.draws) & set(second.model.draws)

    def test_a_test_repeats_its_draws(self, images):
        first, second = (runner(images, SEEDS, name) for name in 'ab')
        torch.rand(7)
        losses = [each.test()['reconstruction_loss'] for each in (first, second)]
        assert len(set(first.model.draws)) == 3
        assert first.model.draws == second.model.draws
        assert losses[0] == losses[1]


class TestStopOnNonFiniteLoss:
    def test_names_step_images_and_last_good_checkpoint(self, images):
        broken = runner(
            images,
            [dict(type='mmgreen.StopOnNonFiniteLoss', interval=50)],
            model=Toy(nan_at=5),
            checkpoints=dict(interval=1, max_keep_ckpts=1),
        )
        with pytest.raises(FloatingPointError) as error:
            broken.train()
        text = str(error.value)
        good = images.parent / 'run/epoch_1.pth'
        assert 'step 5 is nan' in text and str(good) in text and '--resume' in text
        assert good.is_file() and not (images.parent / 'run/epoch_2.pth').exists()
        step, *files = (Path(broken.log_dir) / 'non_finite_loss.txt').read_text().splitlines()
        assert step == 'step 5'
        assert len(files) == BATCH and all(Path(file).is_file() for file in files)
        assert files[0] in text

    def test_without_a_checkpoint_it_says_so(self, images):
        broken = runner(images, [StopOnNonFiniteLoss()], model=Toy(nan_at=1))
        with pytest.raises(FloatingPointError, match='No checkpoint was written'):
            broken.train()

    def test_looks_every_interval_steps(self, images):
        broken = runner(images, [StopOnNonFiniteLoss(interval=2)], model=Toy(nan_at=1))
        with pytest.raises(FloatingPointError, match='step 1 '):
            broken.train()
        assert broken.model.steps == 2

    def test_looks_before_a_checkpoint_that_is_written_between_epochs(self, images):
        broken = runner(
            images,
            [StopOnNonFiniteLoss(interval=50)],
            model=Toy(nan_at=4),
            train_cfg=dict(by_epoch=False, max_iters=9),
            checkpoints=dict(by_epoch=False, interval=2, max_keep_ckpts=1),
        )
        with pytest.raises(FloatingPointError, match=r'iter_2\.pth'):
            broken.train()
        assert (images.parent / 'run/iter_2.pth').is_file()
        assert broken.model.steps == 4

    def test_a_weight_that_is_not_finite_is_not_saved_either(self, images):
        broken = runner(images, [StopOnNonFiniteLoss()], model=Toy(nan_weight_at=3))
        with pytest.raises(FloatingPointError, match='weight is not finite after step 3'):
            broken.train()
        assert not list((images.parent / 'run').glob('*.pth'))

    def test_losses_are_not_read_between_two_looks(self, images):
        hook = StopOnNonFiniteLoss(interval=3)
        trained = runner(images, [hook], epochs=1)
        trained.train_loop  # noqa: B018  (builds the loader, which the hook's clock needs)
        loss = Unread(torch.tensor(1.0))
        sample = type('Sample', (), {'img_path': 'a'})()
        hook.after_train_iter(trained, 0, {'data_samples': [sample]}, {'loss': loss})
        assert not loss.was_read


class Unread(torch.Tensor):
    """A tensor that notes when its value is asked for."""

    was_read = False

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ('item', 'tolist', '__bool__', '__float__', 'cpu', 'to', 'numpy'):
            args[0].was_read = True
        return super().__torch_function__(function, types, args, kwargs or {})


class TestCheckpointMustFit:
    @pytest.mark.parametrize('content', [{}, {'weight': torch.ones(5)}, {'module.weight': 3}])
    def test_refuses_what_leaves_a_parameter_random(self, images, content):
        path = images.parent / 'other.pth'
        torch.save({'state_dict': content}, path)
        tested = runner(images, MUST_FIT, load_from=str(path))
        with pytest.raises(ValueError, match=f'{path} does not fit.*1 of 1 parameters.*weight'):
            tested.test()

    def test_takes_what_fits(self, images):
        path = images.parent / 'mine.pth'
        torch.save({'state_dict': {'module.weight': torch.full((3,), 2.0)}}, path)
        tested = runner(images, MUST_FIT, load_from=str(path))
        tested.test()
        assert tested.model.weight.tolist() == [2.0] * 3


class TestRunSummary:
    def test_says_what_lets_a_run_be_trusted(self, images):
        (images / 'notes.txt').write_text('')
        trained = runner(
            images,
            SUMMARY,
            epochs=2,
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.2), accumulative_counts=2),
            auto_scale_lr=dict(enable=False, base_batch_size=16),
            checkpoints=dict(interval=2, max_keep_ckpts=3),
        )
        trained.train()
        summary = log_of(trained).split('This training:')[1]
        for line in (
            f'12 found in {images}; 1 other files',
            '4 images x 1 processes x 2 batches before each step = 8; 3 batches an epoch, 2 epochs',
            '0.2, as written for a batch of 16; --auto-scale-lr would make it 0.1',
            'random; 0.0 M parameters, all trained',
            f'{trained.work_dir}, logs in {trained.log_dir}',
            'a checkpoint every 2 epochs (the last 3 are kept)',
            f'torch {torch.__version__}',
        ):
            assert line in summary
        assert summary.index('learning rate') < summary.index('Epoch(train)')

    def test_says_when_the_rate_was_scaled_and_the_run_resumed(self, images):
        scaling = dict(auto_scale_lr=dict(enable=True, base_batch_size=16))
        runner(images, SUMMARY, epochs=1, **scaling).train()
        resumed = runner(images, SUMMARY, resume=True, **scaling)
        resumed.train()
        summary = log_of(resumed).split('This training:')[-1]
        assert '0.00025, that is 0.001 of the config x 0.25 (scaled)' in summary
        assert 'resumed after epoch 1 (step 3)' in summary

    def test_counts_unreadable_images_once(self, images):
        (images / '03.png').write_bytes(b'')
        trained = runner(images, SUMMARY, epochs=3)
        trained.train()
        assert log_of(trained).count('1 of 12 images could not be read so far') == 1

    def test_a_test_says_what_it_tests(self, images):
        (images / '03.png').write_bytes(b'')
        tested = runner(images, SUMMARY)
        tested.test()
        log = log_of(tested)
        assert f'12 found in {images}' in log.split('This test:')[1]
        assert '1 of 12 images could not be read' in log
