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
