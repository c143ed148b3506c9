"""Hiera's masked autoencoder: the official package's loss and gradients, and its other targets."""

import pytest
import torch
from hiera.hiera_mae import MaskedAutoencoderHiera
from mmpretrain.models.selfsup import HOGGenerator
from reference_hiera import ARCH, CLIPS, OFFICIAL

from mmgreen.checkpoints import convert
from mmgreen.models import Hiera, MaskedAutoencoder, MIMDecoder, MIMHead

IN_CHANNELS = [16, 32, 64, 128]


def pretraining(
    img_size=(64, 96),
    fused_stages=(0, 1, 3),
    num_targets=None,
    with_cp=False,
    order='chw',
    **head,
):
    return MaskedAutoencoder(
        Hiera(ARCH, img_size=img_size, q_pool=2, with_cp=with_cp),
        MIMDecoder(
            IN_CHANNELS,
            embed_dim=32,
            depth=2,
            num_heads=2,
            img_size=img_size,
            patch_size=16,
            pos_embed='learned',
            fused_stages=fused_stages,
            num_targets=num_targets,
        ),
        MIMHead(patch_size=16, order=order, **head),
        mask_ratio=0.6,
        shared_mask=False,
    )


def choice(batch, units, hidden):
    return torch.stack([torch.randperm(units) < hidden for _ in range(batch)])


def original(img_size, **options):
    judge = MaskedAutoencoderHiera(
        q_pool=2,
        decoder_embed_dim=32,
        decoder_depth=2,
        decoder_num_heads=2,
        input_size=img_size,
        **OFFICIAL,
        **options,
    )
    with torch.no_grad():
        for parameter in judge.parameters():
            parameter.normal_(std=0.1)
    return judge


@pytest.mark.parametrize('hidden', [1, 4, 5])
def test_loss_and_gradients_are_the_originals(hidden):
    torch.manual_seed(0)
    assert_as_the_original(original((64, 96)), pretraining(), torch.randn(3, 3, 64, 96), hidden)


@pytest.mark.parametrize('hidden', [1, 12, 17])
def test_loss_and_gradients_of_clips_are_the_originals(hidden):
    torch.manual_seed(0)
    judge = original((6, 64, 96), **CLIPS)
    model = pretraining((6, 64, 96), order='hwc')
    assert_as_the_original(judge, model, torch.randn(2, 3, 6, 64, 96), hidden)


def assert_as_the_original(judge, model, images, hidden):
    model.load_state_dict(convert(judge.state_dict()).state_dict, strict=True)
    masked = choice(len(images), model.neck.grid[0] * model.neck.grid[1], hidden)
    model.draw_masked = lambda _: masked
    ours = model.loss(images)['loss']
    theirs = judge(images, mask=~masked)[0]
    assert torch.allclose(ours, theirs, rtol=1e-5)
    ours.backward()
    theirs.backward()
    gradients = {name: x.grad for name, x in judge.named_parameters()}
    converted = convert(gradients).state_dict
    for name, parameter in model.named_parameters():
        # In float32 a pooled maximum may change places with its like: compare as vectors.
        off = (parameter.grad - converted[name]).norm()
        assert off <= 1e-4 * converted[name].norm().clamp(min=1e-3), name


def test_with_cp_and_accumulated_gradients_the_loss_is_the_same():
    torch.manual_seed(0)
    plain, lean = pretraining(), pretraining(with_cp=True)
    lean.load_state_dict(plain.state_dict())
    images, masked = torch.randn(4, 3, 64, 96), choice(4, 6, 4)
    plain.draw_masked = lambda _: masked
    whole = plain.loss(images)['loss']
    whole.backward()
    parts = []
    for half in (slice(0, 2), slice(2, 4)):
        lean.draw_masked = lambda _, half=half: masked[half]
        loss = lean.loss(images[half])['loss'] / 2
        loss.backward()
        parts.append(loss.detach())
    assert torch.allclose(sum(parts), whole, rtol=1e-5)
    for (name, a), b in zip(plain.named_parameters(), lean.parameters(), strict=True):
        assert (a.grad - b.grad).norm() <= 1e-4 * a.grad.norm().clamp(min=1e-3), name


def test_the_papers_fusion_has_all_stages_and_gradients_for_all():
    model = pretraining(fused_stages=(0, 1, 2, 3))
    model.loss(torch.randn(2, 3, 64, 96))['loss'].backward()
    assert model.neck.fusion.convs['2'].weight.shape == (128, 64, 1, 1)
    assert not [name for name, x in model.named_parameters() if x.grad is None]


@pytest.mark.parametrize('frames', [(), (4,)], ids=['images', 'clips'])
def test_a_reconstruction_shows_what_was_predicted(frames):
    units = 12 if frames else 6
    model = pretraining((*frames, 64, 96), target='pixel').eval()
    images, masked = torch.randn(2, 3, *frames, 64, 96), choice(2, units, 3)
    picture = model.reconstruct(images, masked)
    assert picture.predicted.shape == picture.images.shape == (2, 3, units // 3 * 32, 96)
    if frames:  # the first and the third frame
        assert torch.equal(picture.images[:, :, 64:], images[:, :, 2])
    # Drawn at random, the same number of units is hidden.
    assert model.draw_masked(images).shape == (2, units)
    values = model.head.target.values(picture.predicted, torch.arange(units))
    pred = model.neck(model.backbone.forward_visible(images, masked), masked)
    assert torch.allclose(values, pred, atol=1e-5)


class TestHistograms:
    def model(self):
        return pretraining(img_size=224, target='hog', num_targets=108)

    def test_targets_are_mmpretrains_in_unit_order(self):
        head, images = self.model().head, torch.randn(2, 3, 224, 224)
        expected = HOGGenerator()(images).unflatten(1, (7, 2, 7, 2)).transpose(2, 3)
        expected = expected.flatten(3, 4).flatten(1, 2)  # (B, 49, 4, 108)
        every = torch.arange(49)
        assert torch.equal(head.target.values(images, every), expected.flatten(1, 2))
        units = torch.stack([torch.tensor([3, 7]), torch.tensor([0, 48])])
        chosen = torch.stack([expected[i, units[i]] for i in range(2)]).flatten(1, 2)
        assert torch.equal(head.target.values(images, units), chosen)

    def test_it_trains(self):
        model = self.model()
        loss = model.loss(torch.randn(2, 3, 224, 224))['loss']
        loss.backward()
        assert torch.isfinite(loss)

    def test_what_histograms_cannot_do_is_refused(self):
        with pytest.raises(ValueError, match="target='hog' needs patch_size=16, not 32"):
            MIMHead('hog')
        with pytest.raises(ValueError, match='no picture'):
            self.model().reconstruct(torch.randn(1, 3, 224, 224))


@pytest.mark.parametrize(
    ('options', 'sentence'),
    [
        (dict(in_channels=128), 'in_channels of all four stages, not 128'),
        (dict(fused_stages=(0, 1)), 'and then 3, not'),
        (dict(fused_stages=(1, 0, 3)), 'in this order'),
    ],
)
def test_bad_fusions_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        MIMDecoder(**{'in_channels': IN_CHANNELS, 'fused_stages': (0, 1, 3), **options})
