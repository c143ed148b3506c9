"""From a folder of videos to a pretraining, a classifier and its score, by the real runner."""

import json

import pytest
import torch
from mmengine.config import Config
from PIL import Image
from reference_videos import moving, write_video

import mmgreen
from mmgreen.apis import testing
from mmgreen.apis.classifier import load_classifier
from mmgreen.apis.prediction import predict
from mmgreen.apis.reconstruction_pictures import write_sheet
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
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].dataset.metainfo = dict(classes=('left', 'right'))
    cfg.model.neck.in_channels = cfg.model.head.in_channels = 64
    small(cfg.tta_pipeline)
    cfg.dump(folder / 'finetune.py')
    return folder


def configured(folder, name, **options):
    cfg = configure_training(str(folder / f'{name}.py'), work_dir=str(folder / name), **options)
    cfg.experiment_name = f'{folder.name}_{name}'
    return cfg


@pytest.fixture(scope='module')
def pretrained(folder):
    """A runner after a pretraining."""
    return train(configured(folder, 'pretrain', auto_scale_lr=True))


@pytest.fixture(scope='module')
def classifier(folder, pretrained):
    """The checkpoint of a classifier that began with the pretraining."""
    options = {'model.backbone.init_cfg.checkpoint': str(folder / 'pretrain/epoch_2.pth')}
    train(configured(folder, 'finetune', cfg_options=options))
    return folder / 'finetune/epoch_2.pth'


def test_a_pretraining_counts_clips(folder, pretrained):
    log = next((folder / 'pretrain').glob('*/*.log')).read_text()
    assert '8 clips (of 2 videos) x 1 process = 8' in log
    assert '4 clips are taken of each' in log and 'vs_patch_mean' in log
    assert 'videos are shorter than a clip' in log
    # 8 clips of the 32 that the rate is for.
    rate = pretrained.optim_wrapper.param_groups[0]['lr']
    assert rate == pytest.approx(8e-4 * 32 / 512 * 8 / 32)


def test_a_classifier_starts_from_it_and_is_scored(folder, classifier):
    log = next((folder / 'finetune').glob('*/*.log')).read_text()
    weights = folder / 'pretrain/epoch_2.pth'
    assert f'Loaded 100.0 % of the parameters of the backbone from {weights}' in log
    state = torch.load(classifier, weights_only=False)
    assert state['meta']['dataset_meta']['classes'] == ('left', 'right')

    scores = []
    for tta in (False, True):
        cfg = testing.configure_test(
            str(folder / 'finetune.py'), str(classifier), str(folder / 'finetune'), tta=tta
        )
        cfg.experiment_name = f'{folder.name}_{tta}'
        scores.append(testing.test(cfg)['accuracy/top1'])
    assert all(0 <= each <= 100 for each in scores)
    # What the training wrote can be used again: no test has put its own in the place.
    written = Config.fromfile(folder / 'finetune/finetune.py')
    assert written.model.type == 'mmpretrain.ImageClassifier'


def test_a_picture_of_clips(folder, pretrained, tmp_path):
    out = tmp_path / 'sheet.png'
    line = write_sheet(
        Config.fromfile(folder / 'pretrain.py'),
        *(str(folder / 'pretrain/epoch_2.pth'), str(folder / 'videos'), str(out)),
        num_images=3,
    )
    assert line.startswith(f'{out}: ') and line.endswith('from 3 videos') and out.exists()


def test_classes_of_new_clips(folder, classifier, tmp_path):
    new = tmp_path / 'new'
    write_video(new / 'a/odd.mkv', moving(9, 102, 90), fps=25)
    write_video(new / 'b c.mp4', moving(1, 66, 70))
    (new / 'cut.mp4').write_bytes((new / 'b c.mp4').read_bytes()[:200])
    (new / 'notes.txt').touch()
    made = predict(str(folder / 'finetune.py'), str(classifier), str(new), str(tmp_path / 'out'))
    text = str(made)
    assert text.startswith('classes of 2 videos: ') and '1 videos left out, not readable' in text
    assert 'left aside by their ending: 1 .txt' in text
    content = json.loads((tmp_path / 'out/predictions.json').read_text())
    first, second = content['videos']
    assert (first['file_name'], first['height'], first['width']) == ('a/odd.mkv', 90, 102)
    assert {each['name'] for each in second['classes']} == {'left', 'right'}
    assert sum(each['score'] for each in first['classes']) == pytest.approx(1)


def test_classes_are_of_the_mean_over_all_clips(folder, classifier):
    path = str(folder / 'videos/right/4.mp4')
    config = Config.fromfile(folder / 'finetune.py')
    scores = []
    for spread, clips in ((True, 3), (False, 3), (True, 1)):
        config.test_dataloader.dataset.pipeline[0].update(num_clips=clips, spread=spread)
        model = load_classifier(config, str(classifier), 'cpu')
        batch, _ = model._read(path)
        with torch.no_grad():
            single = torch.stack([each.pred_score for each in model.model.test_step(batch)])
        assert len(single) == clips
        if spread:
            found = {each['name']: each['score'] for each in model.look(path, None).found}
            scores.append([found[name] for name in ('left', 'right')])
            assert scores[-1] == pytest.approx(single.mean(0).tolist())
    assert scores[0] != scores[1]


def test_images_for_a_config_of_clips(folder, classifier, tmp_path):
    Image.new('RGB', (70, 70)).save(tmp_path / 'a.png')
    config, weights = str(folder / 'finetune.py'), str(classifier)
    for source, sentence in (
        (tmp_path / 'a.png', 'a.png is an image, and the config takes clips'),
        (tmp_path, 'holds no video that is read: 1 .png .*take a config for images'),
    ):
        with pytest.raises(ValueError, match=sentence):
            predict(config, weights, str(source), str(tmp_path.parent / 'out'))
