import math

import pytest
import torch

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
