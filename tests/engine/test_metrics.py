import json
import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from reference_training import loader, runner

import mmgreen
from mmgreen.engine.metrics import ReconstructionLoss
from mmgreen.errors import InputError


def samples(*losses):
    return [{'reconstruction_loss': torch.tensor(loss)} for loss in losses]


def test_averages_over_images_not_over_batches():
    metric = ReconstructionLoss()
    metric.process({}, samples(1.0, 2.0, 3.0))
    metric.process({}, samples(10.0))
    assert metric.evaluate(size=4) == {'reconstruction_loss': pytest.approx(4.0)}


def test_images_that_only_fill_up_the_last_batch_do_not_count():
    metric = ReconstructionLoss()
    metric.process({}, samples(1.0, 3.0, 50.0))
    assert metric.evaluate(size=2) == {'reconstruction_loss': pytest.approx(2.0)}


def test_a_loss_that_is_not_finite_is_shown():
    metric = ReconstructionLoss()
    metric.process({}, samples(1.0, float('nan')))
    assert math.isnan(metric.evaluate(size=2)['reconstruction_loss'])


def test_another_model_is_refused():
    with pytest.raises(InputError, match='MaskedAutoencoder'):
        ReconstructionLoss().process({}, [{'pred_label': 1}])


def test_shares_are_of_all_images_together():
    metric = ReconstructionLoss()
    for loss, patch_mean, mean in ((1.0, 2.0, 4.0), (2.0, 2.0, 8.0)):
        names = ('reconstruction_loss', 'patch_mean_error', 'mean_error')
        values = (torch.tensor(value) for value in (loss, patch_mean, mean))
        metric.process({}, [dict(zip(names, values))])
    expected = {'reconstruction_loss': 1.5, 'vs_patch_mean': 0.75, 'vs_mean': 0.25}
    assert metric.evaluate(size=2) == pytest.approx(expected)


def test_the_log_has_the_loss_of_each_validation_not_a_mean_of_the_last(images):
    runtime = Config.fromfile(mmgreen.config_file('_base_/pretrain_runtime.py'))
    trained = runner(
        images,
        [],
        epochs=3,
        val_dataloader=loader(images, shuffle=False),
        val_cfg={},
        val_evaluator=dict(type='mmgreen.ReconstructionLoss'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        log_processor=runtime.log_processor,
    )
    trained.train()
    lines = (Path(trained.log_dir) / 'vis_data/scalars.json').read_text().splitlines()
    logged = [each for each in map(json.loads, lines) if 'reconstruction_loss' in each]
    assert len(logged) == 3
    assert logged[-1]['reconstruction_loss'] == trained.val()['reconstruction_loss']
    assert logged[-1]['reconstruction_loss'] < 0.9 * logged[0]['reconstruction_loss']
