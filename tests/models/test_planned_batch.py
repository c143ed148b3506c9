"""Data samples that come with masks and their plan."""

import pickle

import torch
from mmpretrain.models import SelfSupDataPreprocessor
from mmpretrain.structures import DataSample

from mmgreen.models.planned_batch import PlannedBatch
from mmgreen.nets.swin import plan_visible

MASKED = torch.tensor([[True, False], [False, True]])


def batch():
    samples = [DataSample(img_path=name) for name in 'ab']
    return PlannedBatch(samples, MASKED, plan_visible(MASKED, (1, 2), 7))


def test_it_reads_like_the_list_of_its_samples():
    planned = batch()
    assert len(planned) == 2 and planned[1] is planned.samples[1]
    assert [sample.img_path for sample in planned] == ['a', 'b']


def test_masks_stay_on_the_cpu_when_the_batch_moves_to_a_device():
    moved = batch().to('meta', non_blocking=True)
    assert moved.masked.device.type == 'cpu'
    assert moved.plan.units.device.type == moved.plan.stages[0][0].take.device.type == 'meta'


def test_it_passes_through_a_process_and_a_preprocessor():
    planned = pickle.loads(pickle.dumps(batch()))
    preprocess = SelfSupDataPreprocessor()
    data = preprocess({'inputs': torch.zeros(2, 3, 4, 4), 'data_samples': planned})
    assert isinstance(data['data_samples'], PlannedBatch)
    assert torch.equal(data['data_samples'].masked, MASKED)
    assert torch.equal(data['data_samples'].plan.units, torch.tensor([[1], [0]]))
