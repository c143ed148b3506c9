"""Targets: values, pictures, errors of ignorance; and one that is added here by one class."""

import pytest
import torch
from torch.nn import functional

from mmgreen.errors import InputError
from mmgreen.models import GreenSwin, MaskedAutoencoder, MIMHead
from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.models.targets import TARGETS, Target
from mmgreen.ops.histograms import histograms_of_gradients
from mmgreen.ops.layout import cut_patches
from mmgreen.ops.masking import draw_masked
from mmgreen.registry import MODELS

SIZES = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])


@MODELS.register_module(force=True)
class MeanColour(Target):
    """The mean colour of each patch."""

    def num_values(self, channels):
        return channels

    def values(self, images, units):
        return cut_patches(images, units, self.unit_size, self.patch_size).mean((-1, -2))

    def to_picture(self, pred, images):
        raise ValueError('A mean colour is no picture; take pixel.')


def model(head):
    return MaskedAutoencoder(
        GreenSwin(SIZES, drop_path_rate=0.0),
        dict(
            type='mmgreen.MIMDecoder',
            **dict(in_channels=64, embed_dim=16, num_heads=2, img_size=(64, 96), patch_size=32),
        ),
        head,
    )


def test_a_target_of_ones_own_is_one_class():
    made = model(dict(type='mmgreen.MIMHead', target=dict(type='MeanColour')))
    images = torch.randn(2, 3, 64, 96)
    made.loss(images)['loss'].backward()
    assert made.neck.pred.out_features == 3
    with pytest.raises(ValueError, match='no picture'):
        made.reconstruct(images)


@pytest.mark.parametrize('name', TARGETS)
@pytest.mark.parametrize('frames', [(), (4,)], ids=['images', 'clips'])
def test_a_target_says_how_many_values_it_has(name, frames):
    target = TARGETS[name](patch_size=16, unit_size=32)
    images = torch.randn(2, 3, *frames, 64, 96)
    values = target.values(images, torch.tensor([[0, 5], [2, 3]]))
    assert values.shape == (2, 8, target.num_values(3))


def test_histograms_of_clips_are_those_of_each_frame():
    head = MIMHead('hog', patch_size=16)
    clips, units = torch.randn(2, 3, 4, 64, 96), torch.arange(12)
    values = head.target.values(clips, units).unflatten(1, (2, 24))
    for place, frame in enumerate((0, 2)):
        alone = head.target.values(clips[:, :, frame], torch.arange(6))
        assert torch.equal(values[:, place], alone)
    whole = histograms_of_gradients(clips[:, :, 0])
    assert torch.equal(values[:, 0, 3], whole[:, :, 1, 1])  # the last patch of the first unit


@pytest.mark.parametrize('name', TARGETS)
def test_errors_of_ignorance_are_losses_of_such_predictions(name):
    head = MIMHead(name, patch_size=16)
    images, masked = torch.randn(2, 3, 64, 96) + torch.rand(2, 3, 1, 1), draw_masked(6, 0.5, 2)
    hidden = masked.nonzero()[:, 1].view(2, -1)
    values = head.target.values(images, hidden)
    mean = values.flatten(0, 1).mean(0).expand(2, 24, -1)
    tints = head.target.own_means(head.target.values(images, torch.arange(6)))
    errors = head.errors_per_image(tints, images, masked)
    assert torch.allclose(errors.prediction, errors.patch_mean)
    assert torch.allclose(errors.mean, head.loss_per_image(mean, images, masked))
    shares = head.errors_per_image(mean, images, masked).shares()
    assert shares['vs_mean'] == pytest.approx(1)


@pytest.mark.parametrize('order', ['hwc', 'chw'])
def test_the_own_mean_of_pixels_is_a_tint(order):
    images = torch.randn(2, 3, 32, 64)
    target = TARGETS['pixel'](patch_size=16, order=order)
    tints = target.own_means(target.values(images, torch.arange(2)))
    expected = functional.avg_pool2d(images, 16).repeat_interleave(16, -1)
    expected = expected.repeat_interleave(16, -2)
    assert torch.allclose(target.to_picture(tints, images), expected, atol=1e-6)


def test_shares_by_hand():
    errors = HiddenErrors(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 2.0]), torch.tensor([6.0]))
    assert errors.shares() == {'vs_patch_mean': 0.75, 'vs_mean': 0.25}


def test_a_decoder_of_another_width_is_refused_in_a_sentence():
    head = MIMHead('hog', patch_size=16)
    with pytest.raises(ValueError, match='predicts 768 values .* has 108; leave .*num_targets out'):
        head.loss(torch.zeros(1, 24, 768), torch.randn(1, 3, 64, 96), draw_masked(6, 0.5))


def test_a_backbone_outside_of_the_contract_is_refused_in_a_sentence():
    with pytest.raises(InputError, match='Linear cannot be pretrained on what is visible'):
        MaskedAutoencoder(torch.nn.Linear(1, 1), torch.nn.Identity(), MIMHead())
