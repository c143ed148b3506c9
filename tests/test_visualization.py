import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from PIL import Image
from reference_baselines import mae, simmim

from mmgreen.registry import MODELS
from mmgreen.visualization import (
    HIDDEN_GRAY,
    _three_pictures,
    image_files,
    label_images,
    load_model,
    reconstruction_sheet,
    seen_in_pretraining,
    write_sheet,
)

PIPELINE = [
    dict(type='mmgreen.ReadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=96),
    dict(type='mmcv.transforms.CenterCrop', crop_size=96),
    dict(type='mmpretrain.PackInputs'),
]


def model_cfg(target='norm_pixel'):
    arch = dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8])
    return dict(
        type='mmgreen.MaskedAutoencoder',
        backbone=dict(type='mmgreen.GreenSwin', arch=arch, drop_path_rate=0.0),
        neck=dict(
            type='mmgreen.MIMDecoder', in_channels=128, embed_dim=16, num_heads=2, img_size=96
        ),
        head=dict(type='mmgreen.MIMHead', target=target),
        data_preprocessor=dict(
            type='mmpretrain.SelfSupDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            to_rgb=True,
        ),
    )


def loader(folder):
    return dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='mmgreen.SeededSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
        dataset=dict(type='mmgreen.UnlabelledImages', data_root=str(folder), pipeline=PIPELINE),
    )


@pytest.fixture
def folder(tmp_path):
    """Images of odd names and sizes; red on the left, blue on the right."""
    folder = tmp_path / 'my images'
    folder.mkdir()
    for name, size in (('a b.png', (100, 130)), ('Ünïcode.JPG', (300, 97)), ('c.d.jpeg', (96, 96))):
        pixels = np.zeros((*size, 3), dtype=np.uint8)
        pixels[:, : size[1] // 2, 0] = 200
        pixels[:, size[1] // 2 :, 2] = 200
        Image.fromarray(pixels).save(folder / name)
    return folder


@pytest.fixture
def config(folder):
    return Config(
        dict(model=model_cfg(), train_dataloader=loader(folder), test_dataloader=loader(folder))
    )


@pytest.fixture
def checkpoint(tmp_path, config):
    torch.manual_seed(0)
    path = tmp_path / 'epoch_1.pth'
    weights = MODELS.build(config.model).state_dict()
    torch.save(dict(state_dict=weights, meta=dict(cfg=config.pretty_text)), path)
    return str(path)


def test_the_original_is_drawn_in_its_own_colours(config, folder):
    model = MODELS.build(config.model)
    sheet = reconstruction_sheet(model, PIPELINE, [str(folder / 'a b.png')])
    assert sheet.dtype == np.uint8 and sheet.ndim == 3 and sheet.shape[2] == 3
    flat = sheet.reshape(-1, 3).astype(int)
    assert ((flat - [200, 0, 0]) ** 2).sum(1).min() < 30
    assert ((flat - [0, 0, 200]) ** 2).sum(1).min() < 30
    assert model.training


@pytest.mark.parametrize('paste_visible', [True, False])
def test_visible_patches_are_pasted_unless_told_not_to(config, paste_visible):
    model = MODELS.build(config.model).eval()
    masked = torch.tensor([True] * 8 + [False])
    with torch.no_grad():
        made = model.reconstruct(torch.randn(1, 3, 96, 96), masked)
        original, seen, shown = _three_pictures(model, made, paste_visible)
    assert (seen[:64] == HIDDEN_GRAY).all()
    assert (seen[64:, 64:] == original[64:, 64:]).all()
    assert (shown[64:, 64:] == original[64:, 64:]).all() == paste_visible
    assert not (shown[:64] == original[:64]).all()


def test_a_perfect_model_draws_the_image(config, monkeypatch):
    model = MODELS.build(model_cfg('norm_pixel'))
    images = torch.randn(1, 3, 96, 96).clamp(-1.5, 1.5)
    values = model.head._values(images, torch.arange(9))
    mean, variance = values.mean(-1, keepdim=True), values.var(-1, keepdim=True)
    perfect = (values - mean) / (variance + 1e-6).sqrt()
    monkeypatch.setattr(model.neck, 'forward', lambda stages, masked: perfect)
    original, _, shown = _three_pictures(model, model.reconstruct(images), paste_visible=False)
    assert np.abs(original.astype(int) - shown.astype(int)).max() <= 1


def test_masks_repeat_with_the_seed(config, folder):
    model = MODELS.build(config.model)
    paths = [str(folder / 'a b.png')] * 2
    first = reconstruction_sheet(model, PIPELINE, paths)
    torch.manual_seed(99)
    assert (reconstruction_sheet(model, PIPELINE, paths) == first).all()
    assert (reconstruction_sheet(model, PIPELINE, paths, seed=7) != first).any()


def test_write_sheet_takes_a_folder_and_a_file(config, checkpoint, folder, tmp_path):
    out = tmp_path / 'deep' / 'sheet.png'
    line = write_sheet(config, checkpoint, str(folder), str(out), num_images=2)
    assert '2 images' in line
    assert Image.open(out).size[0] > 600
    line = write_sheet(config, checkpoint, str(folder / 'c.d.jpeg'), str(tmp_path / 'one.jpg'))
    assert '1 images' in line and Image.open(tmp_path / 'one.jpg').format == 'JPEG'


def test_what_cannot_be_read_is_left_out_and_named(config, folder, tmp_path, caplog):
    model = MODELS.build(config.model)
    pipeline = config.test_dataloader.dataset.pipeline
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no image')
    good = image_files(str(folder), 2)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    sheet = reconstruction_sheet(model, pipeline, [good[0], str(broken), good[1]])
    logger.removeHandler(caplog.handler)
    assert sheet.shape == reconstruction_sheet(model, pipeline, good).shape
    assert f'Left out of the sheet, unreadable: {broken}' in caplog.text
    with pytest.raises(OSError, match='broken.jpg'):
        reconstruction_sheet(model, pipeline, [str(broken)])


def test_images_are_named_as_seen_where_that_can_be_known(checkpoint, folder, tmp_path, config):
    stranger = tmp_path / 'stranger.png'
    Image.new('RGB', (96, 96)).save(stranger)
    paths = [str(folder / 'a b.png'), str(stranger)]
    assert seen_in_pretraining(paths, checkpoint) == [True, False]
    bare = tmp_path / 'bare.pth'
    torch.save(MODELS.build(config.model).state_dict(), bare)
    assert seen_in_pretraining(paths, str(bare)) == [None, None]
    assert label_images(['x/a.png', 'b.png', 'c.png'], [True, False, None]) == [
        'a.png (seen in pretraining)',
        'b.png (not seen in pretraining)',
        'c.png',
    ]


def test_a_folder_that_is_gone_means_that_nothing_is_known(checkpoint, folder):
    path = str(folder / 'a b.png')
    folder.rename(folder.with_name('moved'))
    assert seen_in_pretraining([path], checkpoint) == [None]


def test_a_checkpoint_without_decoder_is_refused(config, tmp_path):
    weights = MODELS.build(config.model).backbone.state_dict()
    torch.save({f'backbone.{name}': value for name, value in weights.items()}, tmp_path / 'e.pth')
    with pytest.raises(ValueError, match='has no decoder, so nothing can be reconstructed'):
        load_model(config, str(tmp_path / 'e.pth'), 'cpu')


@pytest.mark.parametrize('baseline', [simmim(), mae()], ids=['simmim', 'mae'])
def test_a_baseline_draws_its_own_checkpoint(baseline, folder, tmp_path):
    pipeline = [*PIPELINE[:2], dict(type='mmcv.transforms.CenterCrop', crop_size=64), PIPELINE[-1]]
    config = Config(dict(model=baseline))
    torch.manual_seed(0)
    weights = MODELS.build(config.model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'whole.pth')
    model = load_model(config, str(tmp_path / 'whole.pth'), 'cpu')
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    sheet = reconstruction_sheet(model, pipeline, [str(folder / 'a b.png')])
    assert sheet.shape[2] == 3 and HIDDEN_GRAY in sheet
    last = list(weights)[-1]
    torch.save({'state_dict': {**weights, last: torch.zeros(1)}}, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=f'does not fit this .*: 1 parameters .*{last}'):
        load_model(config, str(tmp_path / 'other.pth'), 'cpu')


def test_a_config_that_is_no_pretraining_is_refused(config):
    other = Config(dict(model=dict(type='mmpretrain.ImageClassifier')))
    with pytest.raises(ValueError, match='config of a pretraining'):
        load_model(other, 'any.pth', 'cpu')


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='no file or folder .*gone.*--img-path'):
        image_files(str(tmp_path / 'gone'))
    with pytest.raises(FileNotFoundError, match='holds no image'):
        image_files(str(tmp_path))


def test_the_hook_draws_every_n_epochs_and_at_the_end(config, folder, tmp_path):
    runner = Runner(
        model=config.model,
        work_dir=str(tmp_path / 'work'),
        train_dataloader=config.train_dataloader,
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        custom_hooks=[
            dict(type='mmgreen.DrawReconstructions', img_path=str(folder), interval=2, num_images=1)
        ],
        default_scope='mmpretrain',
        cfg=config,
        experiment_name='draws',
    )
    runner.train()
    drawn = sorted(path.name for path in (tmp_path / 'work' / 'reconstructions').iterdir())
    assert drawn == ['epoch_2.png', 'epoch_3.png']


def test_the_hook_names_a_missing_folder_before_training(config, tmp_path):
    from mmgreen.hooks import DrawReconstructions

    with pytest.raises(FileNotFoundError, match='gone'):
        DrawReconstructions(str(tmp_path / 'gone')).before_train(None)
