from copy import deepcopy

import pytest
import torch

from mmgreen.analysis import device_comparison
from mmgreen.analysis.device_comparison import FAMILIES, compare_devices
from mmgreen.errors import InputError

CPU = torch.device('cpu')
TINY = dict(embed_dims=24, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2])


@pytest.fixture(autouse=True)
def a_tiny_swin(monkeypatch):
    config, changes = FAMILIES['swin']
    tiny = {**changes, 'model.backbone.arch': TINY, 'model.neck.in_channels': 192}
    monkeypatch.setattr(device_comparison, 'FAMILIES', {'swin': (config, tiny)})


def test_a_device_agrees_with_itself():
    (figures,) = compare_devices(CPU)
    assert figures.loss_error == figures.gradient_error == 0
    assert 0 < figures.bf16_loss_error < 0.02
    assert figures.agrees and figures.describe().startswith('swin  ')


def test_other_weights_are_found(monkeypatch):
    def altered(model):
        other = deepcopy(model)
        with torch.no_grad():
            max(other.backbone.parameters(), key=torch.numel).mul_(1.05)
        return other

    monkeypatch.setattr(device_comparison, 'deepcopy', altered)
    (figures,) = compare_devices(CPU)
    assert figures.loss_error > 0 and figures.gradient_error > 1e-3
    assert not figures.agrees


def test_tf32_is_off_only_while_it_compares():
    before = torch.backends.cudnn.allow_tf32
    for _ in compare_devices(CPU):
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 == before


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(InputError, match='The device cuda:99 cannot be used: '):
        next(compare_devices(torch.device('cuda:99')))
