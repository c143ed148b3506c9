"""From a folder of videos to a pretraining, a classifier and its score, by the real runner."""

import pytest
import torch
from mmengine.config import Config
from reference_videos import moving, write_video

import mmgreen
from mmgreen.apis import testing
from mmgreen.apis.training import configure_training, train

ARCH = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])


def small(pipeline):
    """Clips of 4 frames of 64 pixels."""
    for step in pipeline:
        step.update({k: v for k, v in dict(num_frames=4, size=64).items() if k in step})
        for each in step.get('transforms', ()):
            each.update({'scale': 64} if 'scale' in each else {})


def small_config(name, folder):
    cfg = Config.fromfile(mmgreen.config_file(f'hiera/{name}.py'))
    backbone = dict(cfg.model.backbone, arch=ARCH, img_size=(4, 64, 64))
    cfg.model.backbone = backbone
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(folder)
        small(loader.dataset.pipeline)
    cfg.train_cfg.max_epochs = 2
    cfg.train_cfg.val_interval = 1
    cfg.param_scheduler = []
    return cfg


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Squares that move left and right in odd sizes and lengths."""
    folder = tmp_path_factory.mktemp('clips')
    for i in range(5):
        frames = moving(6 + 5 * i, 70 + 4 * i, 66)
        write_video(folder / f'videos/right/{i}.mp4', frames, fps=30)
        write_video(folder / f'videos/left/{i}.webm', frames[::-1], fps=15)
    cfg = small_config('hiera_b_video_pretrain_own_clips', folder / 'videos')
    cfg.model.neck.update(
        in_channels=[8, 16, 32, 64], embed_dim=16, depth=1, num_heads=2, img_size=(4, 64, 64)
    )
    cfg.model.mask_ratio = 0.75
    cfg.train_dataloader.sampler.samples_per_epoch = 4
    cfg.dump(folder / 'pretrain.py')
    cfg = small_config('hiera_b_video_finetune_own_clips', folder / 'videos')
    cfg.model.neck.in_channels = cfg.model.head.in_channels = 64
    small(cfg.tta_pipeline)
    cfg.dump(folder / 'finetune.py')
    return folder


def configured(folder, name, **options):
    cfg = configure_training(str(folder / f'{name}.py'), work_dir=str(folder / name), **options)
    cfg.experiment_name = f'{folder.name}_{name}'
    return cfg


def test_the_whole_way(folder, tmp_path):
    runner = train(configured(folder, 'pretrain', auto_scale_lr=True))
    log = next((folder / 'pretrain').glob('*/*.log')).read_text()
    assert '8 clips (of 2 videos) x 1 process = 8' in log
    assert '4 clips are taken of each' in log and 'vs_patch_mean' in log
    assert 'videos are shorter than a clip' in log
    # 8 clips of the 32 that the rate is for.
    rate = runner.optim_wrapper.param_groups[0]['lr']
    assert rate == pytest.approx(8e-4 * 32 / 512 * 8 / 32)
    weights = str(folder / 'pretrain/epoch_2.pth')

    options = {'model.backbone.init_cfg.checkpoint': weights}
    train(configured(folder, 'finetune', cfg_options=options))
    log = next((folder / 'finetune').glob('*/*.log')).read_text()
    assert f'Loaded 100.0 % of the parameters of the backbone from {weights}' in log
    state = torch.load(folder / 'finetune/epoch_2.pth', weights_only=False)
    assert state['meta']['dataset_meta']['classes'] == ('left', 'right')

    scores = []
    for tta in (False, True):
        checkpoint = str(folder / 'finetune/epoch_2.pth')
        cfg = testing.configure_test(
            str(folder / 'finetune.py'), checkpoint, work_dir=str(tmp_path), tta=tta
        )
        cfg.experiment_name = f'{folder.name}_{tta}'
        scores.append(testing.test(cfg)['accuracy/top1'])
    assert all(0 <= each <= 100 for each in scores)
