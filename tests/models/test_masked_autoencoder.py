import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.models.heads import MAEPretrainHead
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample

from mmgreen.models import GreenSwin, MaskedAutoencoder, MIMDecoder, MIMHead

SMALL = dict(embed_dims=16, depths=[1, 1, 2, 1], num_heads=[1, 2, 4, 8])


def model_cfg(**options):
    return dict(
        type='mmgreen.MaskedAutoencoder',
        backbone=dict(type='mmgreen.GreenSwin', arch=SMALL, drop_path_rate=0.0),
        neck=dict(
            type='mmgreen.MIMDecoder', in_channels=128, embed_dim=32, num_heads=4, img_size=96
        ),
        head=dict(type='mmgreen.MIMHead'),
        data_preprocessor=dict(type='mmpretrain.SelfSupDataPreprocessor'),
        **options,
    )


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MMPRETRAIN_MODELS.build(model_cfg())


def test_it_is_built_from_a_config(model):
    assert isinstance(model, MaskedAutoencoder)
    assert isinstance(model.backbone, GreenSwin) and isinstance(model.neck, MIMDecoder)
    model.init_weights()


def test_it_is_built_without_a_config_whatever_the_default_scope():
    init_default_scope('mmdet')
    parts = (GreenSwin(SMALL), MIMDecoder(128, embed_dim=32, num_heads=4, img_size=96), MIMHead())
    for options in ({}, dict(data_preprocessor=dict(mean=[1.0] * 3, std=[2.0] * 3))):
        preprocess = MaskedAutoencoder(*parts, **options).data_preprocessor
        assert type(preprocess).__name__ == 'SelfSupDataPreprocessor'
    assert preprocess.mean.flatten().tolist() == [1.0] * 3


def test_loss_is_a_scalar_with_a_gradient_for_every_parameter(model):
    losses = model(torch.randn(2, 3, 96, 96), mode='loss')
    assert list(losses) == ['loss'] and losses['loss'].shape == ()
    losses['loss'].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name


@pytest.mark.parametrize('target', ['norm_pixel', 'hog'])
def test_a_swin_predicts_four_patches_from_each_of_its_tokens(target):
    config = model_cfg(mask_ratio=0.5)
    config['neck'].update(token_size=32, patch_size=16)
    config['head'].update(target=target, patch_size=16)
    model = MMPRETRAIN_MODELS.build(config)
    images, masked = torch.randn(2, 3, 96, 96), torch.arange(9) % 2 == 0
    pred = model.neck(model.backbone.forward_visible(images, masked), masked)
    hidden = masked.nonzero()[:, 0]
    values = model.head.target.values(images, hidden)
    of_hidden = pred.unflatten(1, (9, 4))[:, hidden].flatten(1, 2)
    expected = (of_hidden - values).square().mean()
    assert torch.allclose(model.head.loss(pred, images, masked), expected)
    losses = model.loss(images)
    losses['loss'].backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_masks_follow_the_seed(model):
    images = torch.randn(2, 3, 96, 96)
    torch.manual_seed(5)
    first = model.loss(images)['loss']
    assert model.loss(images)['loss'] != first
    torch.manual_seed(5)
    assert model.loss(images)['loss'] == first


@pytest.mark.parametrize('order', ['hwc', 'chw'])
@pytest.mark.parametrize('target', ['pixel', 'norm_pixel'])
def test_only_hidden_patches_count(target, order):
    head = MIMHead(target, order=order)
    images, masked = torch.randn(2, 3, 64, 96), torch.tensor([True, False, True, True, False, True])
    pred = torch.randn(2, 6, 3072)
    before = head.loss(pred, images, masked)
    pred[:, ~masked] += 100
    assert torch.equal(head.loss(pred, images, masked), before)
    pred[:, 0] += 100
    assert head.loss(pred, images, masked) > before + 100


@pytest.mark.parametrize('norm_pix', [True, False])
def test_the_loss_is_mmpretrains_mae_loss(norm_pix):
    loss = dict(type='mmpretrain.PixelReconstructionLoss', criterion='L2')
    judge = MAEPretrainHead(loss=loss, norm_pix=norm_pix, patch_size=32)
    images, masked = torch.randn(2, 3, 96, 96), torch.rand(9) < 0.5
    pred = torch.randn(2, 9, 3072)
    expected = judge.loss(pred, images, masked.float().expand(2, -1))
    head = MIMHead('norm_pixel' if norm_pix else 'pixel')
    assert torch.allclose(head.loss(pred, images, masked), expected, rtol=1e-5)


def test_a_choice_for_each_image_is_each_image_alone():
    head = MIMHead()
    images, pred = torch.randn(2, 3, 64, 64), torch.randn(2, 4, 3072)
    masked = torch.tensor([[True, True, False, False], [False, True, False, True]])
    both = head.loss_per_image(pred, images, masked)
    for i in range(2):
        alone = head.loss(pred[i : i + 1], images[i : i + 1], masked[i])
        assert torch.allclose(both[i], alone)


@pytest.mark.parametrize('order', ['hwc', 'chw'])
@pytest.mark.parametrize(
    ('target', 'patch'), [('pixel', 32), ('norm_pixel', 32), ('norm_pixel', 16)]
)
def test_a_perfect_prediction_has_no_loss_and_becomes_the_image(target, patch, order):
    head = MIMHead(target, patch_size=patch, order=order)
    images = torch.randn(2, 3, 64, 96)
    pred = head.target.values(images, torch.arange(6))
    masked = torch.tensor([True] * 5 + [False])
    assert float(head.loss(pred, images, masked)) < 1e-10
    assert torch.allclose(head.undo_target(pred, images), images, atol=1e-4)


def test_reconstruct_gives_images_and_what_was_hidden(model):
    masked = torch.tensor([True] * 8 + [False])
    made = model.reconstruct(torch.randn(2, 3, 96, 96), masked)
    assert made.predicted.shape == made.images.shape == (2, 3, 96, 96)
    assert made.masked.shape == (2, 96, 96)
    assert not made.masked[:, 64:, 64:].any() and made.masked[:, :64].all()
    assert model.reconstruct(torch.randn(1, 3, 96, 96)).masked.float().mean() == 7 / 9


def test_predict_gives_every_image_its_loss(model):
    images = torch.randn(3, 3, 96, 96)
    torch.manual_seed(1)
    samples = model(images, [DataSample() for _ in range(3)], mode='predict')
    torch.manual_seed(1)
    mean = torch.stack([s.reconstruction_loss for s in samples]).mean()
    assert torch.allclose(mean, model.loss(images)['loss'])


def test_gradients_stop_at_nothing_but_hidden_units(model):
    images = torch.randn(1, 3, 96, 96, requires_grad=True)
    torch.manual_seed(2)
    masked = model.draw_masked(images)
    stages = model.backbone.forward_visible(images, masked)
    model.neck(stages, masked).square().sum().backward()
    by_unit = images.grad.abs().sum(1).view(3, 32, 3, 32).sum((1, 3)).flatten()
    assert torch.equal(by_unit > 0, ~masked)


def test_tensor_mode_gives_the_backbones_maps(model):
    assert model(torch.randn(1, 3, 96, 96))[0].shape == (1, 128, 3, 3)


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: MIMHead('hogg'), "target must be one of .*not 'hogg'"),
        (lambda: MIMHead(order='whc'), "order must be one of .*not 'whc'"),
        (lambda: MMPRETRAIN_MODELS.build(model_cfg(mask_ratio=1.0)), 'between 0 and 1'),
        (lambda: MMPRETRAIN_MODELS.build(model_cfg(mask_ratio=0.0)), 'between 0 and 1'),
    ],
)
def test_bad_options_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_bad_images_are_refused_in_a_sentence(model):
    with pytest.raises(ValueError, match='100x96.*multiples of 32'):
        model.loss(torch.randn(1, 3, 100, 96))
    with pytest.raises(ValueError, match='2x2 mask units.*built for 3x3'):
        model.loss(torch.randn(1, 3, 64, 64))


def test_as_many_units_in_other_rows_are_refused():
    model = MMPRETRAIN_MODELS.build(model_cfg())
    model.neck.grid = (1, 9)
    for call in (model.loss, model.errors_per_image, model.reconstruct):
        with pytest.raises(ValueError, match='3x3 mask units .rows x columns.*built for 1x9'):
            call(torch.randn(1, 3, 96, 96))


def test_a_ratio_that_hides_everything_is_refused():
    model = MMPRETRAIN_MODELS.build(model_cfg(mask_ratio=0.95))
    with pytest.raises(ValueError, match='hides all of the 9 units'):
        model.loss(torch.randn(1, 3, 96, 96))
