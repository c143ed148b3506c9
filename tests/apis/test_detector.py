import re

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from PIL import Image
from reference_detector import CLASSES, make_detector
from reference_images import read
from repository import ROOT

from mmgreen.apis.prediction import load_detector
from mmgreen.engine.trained_config import trained_config


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """``small.py`` and ``small.pth``, and an image in ``new_images``."""
    folder = make_detector(tmp_path_factory.mktemp('detector'))
    (folder / 'new_images').mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (48, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / 'new_images/a.jpg')
    return folder


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', lines.append)
    return lines


def load(folder, content=None, name='made.pth', config='small.py'):
    if content is not None:
        torch.save(content, folder / name)
    return load_detector(folder / config, folder / name, 'cpu')


class TestWrapped:
    @pytest.mark.parametrize(
        'wrap',
        [
            lambda w, meta: {'meta': meta, 'state_dict': {f'module.{k}': v for k, v in w.items()}},
            lambda w, meta: {'meta': meta, 'model': w},
            lambda w, meta: {'meta': meta, **{f'_orig_mod.{k}': v for k, v in w.items()}},
        ],
    )
    def test_in_any_way(self, folder, log, wrap):
        saved = torch.load(folder / 'small.pth')
        detector = load(folder, wrap(saved['state_dict'], saved['meta']))
        weights = detector.model.state_dict()
        assert all(torch.equal(weights[k], v) for k, v in saved['state_dict'].items())
        assert detector.model.dataset_meta['classes'] == CLASSES

    def test_old_checkpoints_name_classes_in_capitals(self, folder):
        saved = torch.load(folder / 'small.pth')
        detector = load(folder, {**saved, 'meta': dict(CLASSES=CLASSES)})
        assert detector.model.dataset_meta['classes'] == CLASSES


class TestClasses:
    def test_without_names_those_of_the_config_are_taken(self, folder, log):
        weights = torch.load(folder / 'small.pth')['state_dict']
        detector = load(folder, weights)
        assert detector.model.dataset_meta['classes'] == ('ball', 'ring', 'star', 'tile')
        assert re.search(r'made.pth has no names of classes: those of .*small.py are', log[-1])

    def test_neither_has_names(self, folder, tmp_path):
        cfg = Config.fromfile(folder / 'small.py')
        cfg.test_dataloader.dataset = dict(type='Any', pipeline=[])
        cfg.dump(tmp_path / 'no_names.py')
        weights = torch.load(folder / 'small.pth')['state_dict']
        torch.save(weights, tmp_path / 'bare.pth')
        with pytest.raises(ValueError, match='Neither .*bare.pth nor .*no_names.py has names'):
            load_detector(tmp_path / 'no_names.py', tmp_path / 'bare.pth', 'cpu')

    @pytest.mark.parametrize(
        ('classes', 'words'),
        [
            (('ring', 'ball', 'star', 'tile'), 'in another order'),
            (('a', 'b', 'c', 'd'), 'Other names'),
        ],
    )
    def test_others_than_the_configs_are_said(self, folder, log, classes, words):
        saved = torch.load(folder / 'small.pth')
        saved['meta'] = dict(dataset_meta=dict(classes=classes))
        assert load(folder, saved).model.dataset_meta['classes'] == classes
        assert words in log[-1] and f'named as in the checkpoint, {classes}' in log[-1]

    def test_fewer_names_than_outputs(self, folder):
        saved = torch.load(folder / 'small.pth')
        saved['meta'] = dict(dataset_meta=dict(classes=CLASSES[:3]))
        with pytest.raises(ValueError, match='made.pth names 3 classes.*num_classes is 4'):
            load(folder, saved)

    def test_another_config_than_that_of_the_training_is_said(self, folder, log, tmp_path):
        cfg = Config.fromfile(folder / 'small.py')
        saved = torch.load(folder / 'small.pth')
        saved['meta']['mmgreen'] = dict(config=trained_config(cfg))
        torch.save(saved, tmp_path / 'made.pth')
        load_detector(cfg, tmp_path / 'made.pth', 'cpu')
        assert not [line for line in log if 'trained with other values' in line]
        cfg.test_dataloader.dataset.pipeline[1].scale = (96, 96)
        load_detector(cfg, tmp_path / 'made.pth', 'cpu')
        assert log[-1].splitlines()[1] == '  Resize.scale: (160, 160) trained, (96, 96) now'


class TestReading:
    def test_training_and_prediction_see_the_same_pixels(self, folder, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        image = Image.open(folder / 'new_images/a.jpg')
        image.save(tmp_path / 'turned.png', exif=exif)
        image.quantize(16).save(tmp_path / 'palette.png')
        deep = np.arange(4800, dtype=np.uint16).reshape(60, 80) * 13
        Image.fromarray(deep).save(tmp_path / 'deep.png')
        detector = load(folder, name='small.pth')
        for name in ('turned.png', 'palette.png', 'deep.png'):
            (chunk,) = detector._get_chunk_data([str(tmp_path / name)], 1)
            pixels, packed = chunk[0]
            assert np.array_equal(pixels, read(tmp_path / name))
            assert packed['data_samples'].ori_shape == pixels.shape[:2]

    def test_a_pipeline_with_our_reader(self, folder, tmp_path):
        cfg = Config.fromfile(folder / 'small.py')
        steps = cfg.test_dataloader.dataset.pipeline
        steps[0] = dict(type='mmgreen.ReadImage')
        steps.insert(2, dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True))
        cfg.dump(tmp_path / 'ours.py')
        path = str(folder / 'new_images/a.jpg')
        expected = load(folder, name='small.pth')(path)['predictions']
        ours = load_detector(tmp_path / 'ours.py', folder / 'small.pth', 'cpu')
        assert ours(path)['predictions'] == expected

    def test_a_pipeline_without_reader(self, folder, tmp_path):
        cfg = Config.fromfile(folder / 'small.py')
        cfg.test_dataloader.dataset.pipeline.pop(0)
        cfg.dump(tmp_path / 'none.py')
        with pytest.raises(ValueError, match='none.py does not begin with mmgreen.ReadImage'):
            load_detector(tmp_path / 'none.py', folder / 'small.pth', 'cpu')


def test_the_code_on_the_page_runs(folder, monkeypatch):
    page = (ROOT / 'docs/detect_on_your_data.md').read_text()
    (code,) = [each for each in re.findall(r'```python\n(.*?)```', page, re.S) if 'load_' in each]
    assert 'DetInferencer' not in page
    code = code.replace('my_data.py', 'small.py')
    code = code.replace('work_dirs/my_data/epoch_36.pth', 'small.pth')
    monkeypatch.chdir(folder)
    made = {}
    exec(compile(code, 'page', 'exec'), made)
    assert set(made['found']['predictions'][0]) == {'labels', 'scores', 'bboxes', 'masks'}
    assert made['found']['visualization'][0].shape == (48, 90, 3)
