import cv2
import pytest
from reference_training import Toy, loader, log_of, runner

from mmgreen.engine.hooks import draw_curves


class Shares(Toy):
    """A toy that says how much better than tints it predicts."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        result = super().forward(inputs, data_samples, mode)
        return {**result, 'vs_patch_mean': result['loss'] / 2} if mode == 'loss' else result


def test_the_curves_of_a_training_lie_in_its_folder(images):
    logger = dict(logger=dict(type='LoggerHook', interval=1))
    hooks = [dict(type='mmgreen.DrawCurves')]
    trained = runner(images, hooks, model=Shares(), default_hooks=logger)
    trained.train()
    picture = cv2.imread(f'{trained.work_dir}/curves.png')
    assert picture.shape[0] == 3 * 260  # loss, share and rate


@pytest.mark.parametrize(('interval', 'steps'), [(1, [3, 6]), (2, [6]), (3, [6])])
def test_one_that_ends_with_a_validation_is_not_drawn_twice(images, monkeypatch, interval, steps):
    drawn = []
    monkeypatch.setattr(draw_curves, 'draw_curves', lambda *_: drawn.append(trained.iter))
    trained = runner(
        images,
        [dict(type='mmgreen.DrawCurves')],
        epochs=2,
        train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=interval),
        val_dataloader=loader(images, shuffle=False),
        val_cfg={},
        val_evaluator=dict(type='mmgreen.ReconstructionLoss'),
    )
    trained.train()
    assert drawn == steps


def test_a_training_that_logged_nothing_yet_or_cannot_write_goes_on(images, monkeypatch):
    trained = runner(images, [])
    hook = draw_curves.DrawCurves()
    hook.after_val_epoch(trained)
    trained.train()

    def fill_the_disk(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(draw_curves, 'draw_curves', fill_the_disk)
    hook.after_train(trained)
    assert 'curves.png could not be written' in log_of(trained)
