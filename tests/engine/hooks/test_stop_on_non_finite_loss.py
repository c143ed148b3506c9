from pathlib import Path

import pytest
import torch
from reference_training import BATCH, Toy, loader, runner

from mmgreen.engine.hooks.stop_on_non_finite_loss import StopOnNonFiniteLoss


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


@pytest.mark.parametrize(
    ('keys', 'first'), [((), 'image without img_path in meta_keys'), (('img_path',), '.png')]
)
def test_a_pipeline_that_hands_on_no_path(images, keys, first):
    settings = loader(images)
    settings['dataset']['pipeline'][-1] = dict(type='mmpretrain.PackInputs', meta_keys=keys)
    hooks = [dict(type='mmgreen.StopOnNonFiniteLoss', interval=1)]
    stopped = runner(images, hooks, model=Toy(nan_at=2), train_dataloader=settings)
    with pytest.raises(FloatingPointError, match=f'batch of 4 images, .*{first} first, is listed'):
        stopped.train()


class Unread(torch.Tensor):
    """A tensor that notes when its value is asked for."""

    was_read = False

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ('item', 'tolist', '__bool__', '__float__', 'cpu', 'to', 'numpy'):
            args[0].was_read = True
        return super().__torch_function__(function, types, args, kwargs or {})
