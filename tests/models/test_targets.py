"""Targets: values, pictures, trivial errors; and one that is added here by one class."""

import pytest
import torch

from mmgreen.errors import InputError
from mmgreen.models import GreenSwin, MaskedAutoencoder, MIMHead
from mmgreen.models.targets import TARGETS, Target, trivial_errors
from mmgreen.ops.choices import take_places
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
def test_trivial_errors_are_losses_of_trivial_predictions(name):
    head = MIMHead(name, patch_size=16)
    images, masked = torch.randn(2, 3, 64, 96) + torch.rand(2, 3, 1, 1), draw_masked(6, 0.5, 2)
    errors = head.trivial_errors(images, masked)
    hidden = masked.nonzero()[:, 1].view(2, -1)
    values = head.target.values(images, hidden)
    every = head.target.values(images, torch.arange(6))
    best = values.flatten(0, 1).mean(0).expand(2, 24, -1)
    own = every.mean(-1, keepdim=True).expand_as(every)
    assert torch.allclose(errors.mean_of_all, head.loss_per_image(best, images, masked))
    assert torch.allclose(errors.own_mean, head.loss_per_image(own, images, masked))
    assert take_places(own.unflatten(1, (6, 4)), hidden).shape[1] == 3


def test_trivial_errors_by_hand():
    errors = trivial_errors(torch.tensor([[[0.0, 2.0], [4.0, 4.0]]]))
    assert errors.mean_of_all.tolist() == [2.5] and errors.own_mean.tolist() == [0.5]


def test_a_decoder_of_another_width_is_refused_in_a_sentence():
    head = MIMHead('hog', patch_size=16)
    with pytest.raises(ValueError, match='predicts 768 values .* has 108; leave .*num_targets out'):
        head.loss(torch.zeros(1, 24, 768), torch.randn(1, 3, 64, 96), draw_masked(6, 0.5))


def test_a_backbone_outside_of_the_contract_is_refused_in_a_sentence():
    with pytest.raises(InputError, match='Linear cannot be pretrained on what is visible'):
        MaskedAutoencoder(torch.nn.Linear(1, 1), torch.nn.Identity(), MIMHead())
