import mmcv
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from reference_pictures import PIPELINE, make_config, make_folder, model_cfg

from mmgreen.datasets.images import image_files
from mmgreen.engine.reconstruction_sheet import HIDDEN_GRAY, _three_pictures, reconstruction_sheet
from mmgreen.registry import MODELS


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path)


@pytest.fixture
def config(folder):
    return make_config(folder)


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
    perfect = model.head.target.values(images, torch.arange(9))
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


def test_a_long_name_takes_no_room_from_the_pictures(config, folder):
    model = MODELS.build(config.model)
    paths = image_files(str(folder), 1)
    short, long = (
        reconstruction_sheet(model, PIPELINE, paths, labels=[label])
        for label in ('photograph.jpg', f'{"flight " * 60}.jpg (not seen)')
    )
    name = np.abs(short.astype(int) - long).sum(-1)
    assert short.shape == long.shape and name.any()
    assert not name[: len(name) * 3 // 4].any()  # the name is below the pictures
    assert not name[:, -10:].any()  # and ends within the sheet


@pytest.fixture
def video_model():
    arch = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
    size = (4, 64, 96)
    return MODELS.build(
        dict(
            type='mmgreen.MaskedAutoencoder',
            shared_mask=False,
            data_preprocessor=dict(
                type='mmpretrain.VideoDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                to_rgb=True,
                format_shape='NCTHW',
            ),
            backbone=dict(type='mmgreen.Hiera', arch=arch, img_size=size, q_pool=2),
            neck=dict(
                type='mmgreen.MIMDecoder',
                in_channels=[8, 16, 32, 64],
                embed_dim=16,
                depth=1,
                num_heads=2,
                img_size=size,
                patch_size=16,
                pos_embed='learned',
                fused_stages=(0, 1, 2, 3),
            ),
            head=dict(type='mmgreen.MIMHead', target='pixel', patch_size=16),
        )
    )


def test_a_clip_is_three_rows_of_frames(video_model, tmp_path):
    """The first frame of each two, in order, in its own colours."""
    grays = (30, 90, 150, 210)
    folder = tmp_path / 'frames'
    folder.mkdir()
    for place, gray in enumerate(grays):
        reddish = np.full((64, 96, 3), (gray, gray, gray + 40), np.uint8)
        mmcv.imwrite(reddish, str(folder / f'{place}.png'))
    pipeline = [
        dict(type='mmgreen.ReadClips', num_frames=4, stride=1, by='index'),
        dict(type='mmgreen.PackClips'),
    ]
    sheet = reconstruction_sheet(video_model, pipeline, [str(folder)] * 2).astype(int)
    line = sheet[len(sheet) // 12]  # through the first row of frames
    left, right = (line[int(share * len(line))] for share in (0.25, 0.75))
    for found, gray in ((left, 30), (right, 150)):
        assert np.abs(found - [gray + 40, gray, gray]).max() <= 2
    assert (np.abs(sheet - HIDDEN_GRAY).max(-1) <= 1).mean() > 0.02
    assert sheet.shape[1] > 700 and sheet.shape[0] > 6 * 200
