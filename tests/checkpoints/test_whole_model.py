import pytest
import torch
from reference_checkpoints import original_swin, small_swin
from torch import nn

from mmgreen.checkpoints import own_weights
from mmgreen.checkpoints.whole_model import filled_share, translated_weights


class Classifier(nn.Module):
    """A model whose backbone other codes' files can fill."""

    def __init__(self, window_size=7):
        super().__init__()
        self.backbone = small_swin(window_size)
        self.head = nn.Module()
        self.head.fc = nn.Linear(128, 5)


def names_of(model):
    return [name for name, _ in model.named_parameters()]


def prefixed(weights, prefix):
    return {prefix + name: value for name, value in weights.items()}


class TestOwnWeights:
    @pytest.mark.parametrize(
        'prefix', ['', 'module.', 'model.', '_orig_mod.', 'module._orig_mod.', 'net.detector.']
    )
    @pytest.mark.parametrize(
        'wrap',
        [
            lambda weights: weights,
            lambda weights: {'state_dict': weights, 'meta': {}},
            lambda weights: {'model': weights, 'epoch': 3},
            lambda weights: {'module': weights, 'lr': 1.0},
            lambda weights: {'model': {'state_dict': weights}},
        ],
    )
    def test_wrapped_in_any_way(self, prefix, wrap):
        model = Classifier()
        weights = model.state_dict()
        found = own_weights(wrap(prefixed(weights, prefix)), names_of(model))
        assert found.keys() == weights.keys()
        assert all(torch.equal(found[name], weights[name]) for name in weights)

    def test_a_model_that_is_called_so_keeps_its_names(self):
        model = nn.Sequential()
        model.add_module('module', nn.Linear(2, 2))
        assert own_weights(model.state_dict(), names_of(model)).keys() == model.state_dict().keys()

    def test_two_models_are_not_chosen_from(self):
        model = Classifier()
        weights = model.state_dict()
        both = {**prefixed(weights, 'student.'), **prefixed(weights, 'teacher.')}
        assert own_weights(both, names_of(model)).keys() == both.keys()

    def test_another_model(self):
        assert own_weights({'a.b': torch.ones(1)}, ['c.d']).keys() == {'a.b'}


class TestShare:
    def test_counts_elements(self):
        model = nn.Sequential(nn.Linear(9, 9), nn.Linear(1, 10))
        weights = model.state_dict()
        assert filled_share(model, weights) == 1
        del weights['1.weight']
        weights['1.bias'] = torch.zeros(3)
        assert filled_share(model, weights) == pytest.approx(90 / 110)
        assert filled_share(model, {}) == 0


class TestTranslated:
    def test_another_codes_names(self):
        original, model = original_swin(), Classifier()
        weights = translated_weights(model, {'model': original.state_dict()}, 'a.pth')
        assert filled_share(model, weights) == 1
        assert torch.equal(weights['head.fc.bias'], original.state_dict()['head.fc.bias'])

    def test_its_own_names_with_tables_of_another_size(self):
        model, larger = Classifier(), Classifier(window_size=14)
        own = own_weights(model.state_dict(), names_of(larger))
        weights = translated_weights(larger, model.state_dict(), 'a.pth')
        assert filled_share(larger, own) < 1 and filled_share(larger, weights) == 1
        kept = 'backbone.stages.0.blocks.0.norm1.weight'
        assert torch.equal(weights[kept], model.state_dict()[kept])

    def test_another_net(self):
        weights = translated_weights(Classifier(), {'conv1.weight': torch.ones(1)}, 'a.pth')
        assert filled_share(Classifier(), weights) == 0
