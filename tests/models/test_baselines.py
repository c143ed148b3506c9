"""SimMIM and MAE: mmpretrain's losses, with our predictions, pictures and ways to a detector."""

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS as HOST_MODELS
from mmpretrain.structures import DataSample
from reference_baselines import SWIN, VIT, mae, simmim
from reference_running import make_project

import mmgreen
from mmgreen.apis import testing
from mmgreen.apis.reconstruction_pictures import load_model
from mmgreen.apis.training import configure_training, train
from mmgreen.models import MAE, GreenSwin, SimMIM, ViTDet
from mmgreen.registry import MODELS

PREPROCESSOR = dict(type='mmpretrain.SelfSupDataPreprocessor')


def build(config):
    torch.manual_seed(0)
    model = MODELS.build(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def host_of(config):
    config = {key: value for key, value in config.items() if key != 'mask_ratio'}
    return HOST_MODELS.build({**config, 'type': config['type'].replace('mmgreen', 'mmpretrain')})


def test_simmims_loss_is_the_hosts_with_the_same_mask():
    config = simmim()
    ours = build(config)
    host = host_of({**config, 'data_preprocessor': PREPROCESSOR})
    host.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 96, 64)
    torch.manual_seed(1)
    _, masked = ours.predict_masked(images)
    assert masked.shape == (2, 24, 16) and not torch.equal(masked[0], masked[1])
    assert masked.sum((1, 2)).tolist() == [4 * 64] * 2  # int(6 * 0.4) of 6 units stay visible
    samples = [DataSample(), DataSample()]
    for sample, row in zip(samples, masked, strict=True):
        sample.set_field(row.long(), 'mask')
    torch.manual_seed(1)
    got = ours.loss(images)['loss']
    expected = host.eval().loss(images, samples)['loss']
    assert torch.allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize('mask_ratio', [0.75, 0.5])
def test_maes_loss_is_the_hosts_with_the_same_seed(mask_ratio):
    config = mae(mask_ratio=mask_ratio)
    ours = build(config)
    host = host_of({**config, 'data_preprocessor': PREPROCESSOR})
    host.backbone.mask_ratio = mask_ratio
    host.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 64, 64)
    losses = []
    for model in (ours, host.eval()):
        torch.manual_seed(1)
        losses.append(model.loss(images, None)['loss'])
    assert torch.equal(*losses)


@pytest.mark.parametrize('config', [simmim(), mae()], ids=['simmim', 'mae'])
def test_the_losses_of_single_images_make_up_that_of_the_batch(config):
    model = build(config)
    images, samples = torch.randn(3, 3, 64, 64), [DataSample() for _ in range(3)]
    torch.manual_seed(1)
    whole = model(images, samples, mode='loss')['loss']
    torch.manual_seed(1)
    predicted = model(images, samples, mode='predict')
    assert predicted is samples
    each = torch.stack([sample.reconstruction_loss for sample in samples])
    assert torch.allclose(each.mean(), whole) and len(set(each.tolist())) == 3


def test_features_of_whole_images():
    assert build(simmim())(torch.randn(1, 3, 64, 96))[0].shape == (1, 64, 2, 3)
    assert build(mae())(torch.randn(1, 3, 64, 64))[0].shape == (1, 17, 16)


def test_simmim_reconstructs_with_pixels():
    model = build(simmim(mask_ratio=0.5))
    images = torch.randn(2, 3, 64, 96)
    made = model.reconstruct(images)
    assert torch.equal(made.images, images) and made.predicted.shape == images.shape
    assert made.masked.shape == (2, 64, 96) and made.masked.float().mean() == 0.5
    units = made.masked.unflatten(1, (2, 32)).unflatten(3, (3, 32))
    assert torch.equal(units.all((2, 4)), units.any((2, 4)))


@pytest.mark.parametrize('norm_pix', [True, False])
def test_mae_reconstructs_what_a_perfect_prediction_says(norm_pix):
    model = build(mae(norm_pix=norm_pix))
    images = torch.randn(2, 3, 64, 64)
    perfect = model.head.construct_target(images)
    model.neck.forward = lambda latent, ids: perfect
    made = model.reconstruct(images)
    assert torch.allclose(made.predicted, images, atol=1e-5)
    assert made.masked.shape == (2, 64, 64) and made.masked.float().mean() == 0.75


def test_what_cannot_work_is_one_sentence():
    with pytest.raises(ValueError, match='for images of 64x64 pixels, not 96x64; crop them'):
        build(mae()).loss(torch.randn(1, 3, 96, 64))
    with pytest.raises(ValueError, match='mask_ratio=0.99 hides all'):
        build(mae(mask_ratio=0.99))
    with pytest.raises(ValueError, match='multiples of 32'):
        build(simmim()).loss(torch.randn(1, 3, 72, 64))


def test_their_checkpoints_start_the_same_detectors(tmp_path):
    for config, backbone in (
        (simmim(), GreenSwin(SWIN, window_size=7, out_indices=(0, 1, 2, 3))),
        (mae(), ViTDet(dict(VIT, global_attn_indexes=[1]), img_size=64, pretrain_img_size=64)),
    ):
        model = build(config)
        path = tmp_path / f'{type(model).__name__}.pth'
        torch.save({'state_dict': model.state_dict(), 'meta': {}}, path)
        backbone.init_cfg = dict(type='Pretrained', checkpoint=str(path))
        backbone.init_weights()
        ours, theirs = backbone.state_dict(), model.backbone.state_dict()
        same = [name for name in ours if name in theirs and torch.equal(ours[name], theirs[name])]
        wanted = [n for n, p in backbone.named_parameters() if n in theirs and 'table' not in n]
        assert set(wanted) - {'pos_embed'} <= set(same) and len(wanted) > 20


@pytest.mark.parametrize(
    ('name', 'kind', 'millions'),
    [
        ('mae/vit_b_pretrain', MAE, 85.80),
        ('mae/vit_l_pretrain', MAE, 303.30),
        ('simmim/swin_b_pretrain', SimMIM, 86.73),
        ('simmim/swin_l_pretrain', SimMIM, 195.20),
    ],
)
def test_the_published_sizes(name, kind, millions, without_values):
    model = MODELS.build(Config.fromfile(mmgreen.config_file(f'{name}.py')).model)
    assert isinstance(model, kind)
    count = sum(p.numel() for p in model.backbone.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.01)


SMALL = {
    'mae/vit_b_pretrain': {
        'model.backbone.arch': dict(VIT, _delete_=True),
        'model.neck.embed_dim': 16,
        'model.neck.decoder_embed_dim': 16,
        'model.neck.decoder_depth': 1,
        'model.neck.decoder_num_heads': 2,
    },
    'simmim/swin_b_pretrain': {
        'model.backbone.arch': dict(SWIN, _delete_=True),
        'model.neck.in_channels': 64,
    },
}


@pytest.mark.parametrize('name', SMALL)
def test_a_published_config_trains_tests_and_makes_pictures(name, tmp_path, monkeypatch):
    make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    config = mmgreen.config_file(f'{name}.py')
    loaders = {
        f'{loader}_dataloader.{key}': value
        for loader in ('train', 'test')
        for key, value in {'dataset.data_root': 'images', 'batch_size': 4, 'num_workers': 0}.items()
    }
    options = {
        **SMALL[name],
        **loaders,
        'param_scheduler': [],
        'train_cfg.max_epochs': 1,
        'default_hooks.checkpoint.interval': 1,
    }
    trained = train(configure_training(config, 'out', cfg_options=options))
    assert trained.iter == 2
    cfg = testing.configure_test(config, 'out/epoch_1.pth', 'tested', cfg_options=options)
    metrics = testing.test(cfg)
    assert set(metrics) == {'reconstruction_loss', 'vs_patch_mean', 'vs_mean'}
    assert all(0 < value < 10 for value in metrics.values())
    model = load_model(cfg, 'out/epoch_1.pth', 'cpu')
    for ours, theirs in zip(model.parameters(), trained.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    size = cfg.model.backbone.img_size
    assert model.reconstruct(torch.randn(1, 3, size, size)).predicted.isfinite().all()


@pytest.mark.parametrize('norm_pix', [True, False])
def test_a_tint_is_the_mean_of_a_patch(norm_pix):
    torch.manual_seed(0)
    images = torch.rand(2, 3, 64, 64) + 3 * torch.rand(2, 3, 1, 1)
    model = build(mae(norm_pix=norm_pix))
    tints, mean = model.predict_nothing(images)
    assert torch.allclose(mean, model.head.construct_target(images).mean((0, 1)).expand_as(mean))
    model.predict_masked = lambda _: (tints, torch.ones(2, 16))
    assert model.errors_per_image(images).shares()['vs_patch_mean'] == pytest.approx(1)
    if not norm_pix:
        pooled = torch.nn.functional.avg_pool2d(images, 16).repeat_interleave(16, -1)
        pooled = pooled.repeat_interleave(16, -2)
        assert torch.allclose(model.head.unpatchify(tints), pooled, atol=1e-6)


def test_the_tint_of_simmim_is_of_a_whole_unit():
    model = build(simmim())
    images = torch.rand(2, 3, 64, 96)
    tints, mean = model.predict_nothing(images)
    assert torch.allclose(tints[:, :, 3, 70], images[:, :, :32, 64:].mean((2, 3)), atol=1e-6)
    assert torch.allclose(mean[0, :, 0, 0], images.mean((0, 2, 3)), atol=1e-6)
    errors = model.errors_per_image(images)
    assert all(each.shape == (2,) for each in errors) and (errors.patch_mean < errors.mean).all()
