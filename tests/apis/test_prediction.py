"""A small detector with random weights, made to find something, on images as users have them."""

import importlib.util
import json
import shutil
import sys

import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from mmpretrain.registry import MODELS
from PIL import Image
from pycocotools.coco import COCO
from repository import ROOT

from mmgreen import config_file
from mmgreen.apis.prediction import load_detector, predict

CLASSES = ('apple', 'pear', 'plum', 'fig')  # not those of the config
SMALL = f"""
_base_ = [{config_file('demo/swin_mask_rcnn.py')!r}]
size = 64
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
        init_cfg=dict(checkpoint='no/such/file.pth'),
    ),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(in_channels=16, fc_out_channels=32),
        mask_roi_extractor=dict(out_channels=16),
        mask_head=dict(num_convs=1, in_channels=16, conv_out_channels=16),
    ),
    test_cfg=dict(rcnn=dict(max_per_img=10)),
)
"""
THRESHOLD = 0.2435  # of the objects some score more, some less
NAMES = (
    'a b.png',
    'grün #1.JPG',
    'sub folder/a b.png',
    '16 bit.png',
    'gray.bmp',
    'frames.gif',
    'red.png',
)


@pytest.fixture(scope='module')
def detector(tmp_path_factory):
    """A config, and a checkpoint with weights that find several classes in any image."""
    folder = tmp_path_factory.mktemp('detector')
    (folder / 'small.py').write_text(SMALL)
    cfg = Config.fromfile(folder / 'small.py')
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
        model.roi_head.bbox_head.fc_cls.weight.normal_(std=0.004)  # no class is certain
    checkpoint = dict(meta=dict(dataset_meta=dict(classes=CLASSES)), state_dict=model.state_dict())
    save_checkpoint(checkpoint, str(folder / 'small.pth'))
    return folder


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """A folder as users have it."""
    folder = tmp_path_factory.mktemp('my images')
    (folder / 'sub folder').mkdir()
    generator = np.random.default_rng(0)

    def noise(height, width, *channels, kind=np.uint8):
        top = np.iinfo(kind).max
        return Image.fromarray(generator.integers(0, top, (height, width, *channels), dtype=kind))

    noise(48, 90, 3).save(folder / 'a b.png')
    noise(70, 33, 3).save(folder / 'grün #1.JPG')
    noise(64, 64, 3).save(folder / 'sub folder/a b.png')
    noise(50, 60, kind=np.uint16).save(folder / '16 bit.png')
    noise(40, 44).save(folder / 'gray.bmp')
    noise(45, 46, 3).save(folder / 'frames.gif')
    Image.new('RGB', (60, 80), 'red').save(folder / 'red.png')
    (folder / 'broken.jpg').write_bytes((folder / 'grün #1.JPG').read_bytes()[:800])
    noise(30, 30, 3).save(folder / 'foreign.png', format='PCX')
    (folder / 'notes.txt').write_text('no image')
    return folder


@pytest.fixture(scope='module')
def made(detector, images, tmp_path_factory):
    out_dir = tmp_path_factory.mktemp('found')
    found = predict(
        *(detector / 'small.py', detector / 'small.pth', images, out_dir), THRESHOLD, 'cpu'
    )
    return found


@pytest.fixture(scope='module')
def content(made):
    return json.loads(made.results.read_text(encoding='utf-8'))


class TestFolder:
    def test_all_images_are_looked_at_and_others_named(self, made, content):
        names = [image['file_name'] for image in content['images']]
        assert sorted(names) == sorted(NAMES)
        assert made.num_images == len(NAMES)
        assert len(made.unreadable) == 2
        assert 'broken.jpg' in made.unreadable[0] and 'foreign.png' in made.unreadable[1]
        text = str(made)
        assert f'{made.num_objects} objects in 7 images' in text
        assert text.count('left out, not readable') == 2 and 'notes.txt' not in text

    def test_the_file_is_coco(self, made, content):
        coco = COCO(str(made.results))
        assert coco.getImgIds() == list(range(1, 8))
        assert [each['name'] for each in coco.loadCats(coco.getCatIds())] == list(CLASSES)
        again = coco.loadRes(content['annotations'])
        assert len(again.getAnnIds()) == made.num_objects == len(content['annotations'])
        for each in content['annotations']:
            size = coco.loadImgs(each['image_id'])[0]
            assert coco.annToMask(each).shape == (size['height'], size['width'])
            assert coco.annToMask(each).sum() == each['area']

    def test_sizes_are_those_of_the_files(self, content, images):
        for each in content['images']:
            assert Image.open(images / each['file_name']).size == (each['width'], each['height'])

    def test_objects_are_those_of_mmdets_inferencer(self, detector, images, content):
        inferencer = DetInferencer(
            str(detector / 'small.py'), str(detector / 'small.pth'), 'cpu', show_progress=False
        )
        lower = 0
        for image in content['images']:
            path = str(images / image['file_name'])
            expected = inferencer(path, no_save_vis=True)['predictions'][0]
            rows = [each for each in content['annotations'] if each['image_id'] == image['id']]
            kept = [score >= THRESHOLD for score in expected['scores']]
            lower += len(kept) - sum(kept)
            assert sum(kept) == len(rows)
            for row, place in zip(rows, np.flatnonzero(kept)):
                x1, y1, x2, y2 = expected['bboxes'][place]
                assert row['bbox'] == pytest.approx([x1, y1, x2 - x1, y2 - y1])
                assert row['score'] == expected['scores'][place]
                assert row['category_id'] == expected['labels'][place] + 1
                assert row['segmentation'] == expected['masks'][place]
        assert lower > 0
        assert len({each['category_id'] for each in content['annotations']}) > 1

    def test_each_has_a_picture_of_its_size(self, made, images):
        pictures = [each for each in made.pictures.rglob('*') if each.is_file()]
        expected = [f'{name}.png' if name[-3:] in ('bmp', 'gif') else name for name in NAMES]
        names = [str(each.relative_to(made.pictures)) for each in pictures]
        assert sorted(names) == sorted(expected)
        for each in pictures:
            name = str(each.relative_to(made.pictures))
            source = name if name in NAMES else name.removesuffix('.png')
            assert Image.open(each).size == Image.open(images / source).size

    def test_objects_are_drawn(self, made, images):
        drawn = np.asarray(Image.open(made.pictures / 'a b.png').convert('RGB'))
        assert not np.array_equal(drawn, np.asarray(Image.open(images / 'a b.png')))


def run(detector, images, out_dir, score_thr=1.0, **changes):
    paths = dict(config=detector / 'small.py', checkpoint=detector / 'small.pth', source=images)
    return predict(**paths | changes, out_dir=out_dir, score_thr=score_thr, device='cpu')


class TestOneImage:
    def test_colours_stay(self, detector, images, tmp_path):
        found = run(detector, images / 'red.png', tmp_path)
        assert found.num_images == 1 and found.num_objects == 0
        picture = Image.open(found.pictures / 'red.png').convert('RGB')
        assert set(picture.getdata()) == {(255, 0, 0)}
        assert json.loads(found.results.read_text())['annotations'] == []

    def test_everything_is_above_a_score_of_0(self, detector, images, tmp_path, made):
        found = run(detector, images / 'a b.png', tmp_path, score_thr=0.0)
        assert found.num_objects == 10

    def test_one_in_this_folder(self, detector, images, tmp_path, monkeypatch):
        monkeypatch.chdir(images)
        found = run(detector, 'red.png', tmp_path)
        assert json.loads(found.results.read_text())['images'][0]['file_name'] == 'red.png'

    def test_one_that_is_none(self, detector, images, tmp_path):
        found = run(detector, images / 'notes.txt', tmp_path)
        assert found.num_images == 0 and 'notes.txt' in found.unreadable[0]


class TestBadInput:
    def refused(self, sentence, *arguments, **changes):
        with pytest.raises((FileNotFoundError, ValueError)) as error:
            run(*arguments, **changes)
        assert sentence in str(error.value)
        assert '\n' not in str(error.value)

    def test_folders(self, detector, images, tmp_path):
        (tmp_path / 'empty').mkdir()
        out_dir = tmp_path / 'out'
        self.refused('holds no image', detector, tmp_path / 'empty', out_dir)
        self.refused('There is no image or folder', detector, tmp_path / 'gone', out_dir)
        self.refused('name a folder outside', detector, images, images / 'found')
        self.refused('name a folder outside', detector, images, images)
        assert not out_dir.exists() and not (images / 'found').exists()

    @pytest.mark.parametrize('score', [-0.1, 1.5, 30])
    def test_scores(self, detector, images, tmp_path, score):
        self.refused('must lie in 0..1', detector, images, tmp_path, score_thr=score)

    def test_files_that_are_missing(self, detector, images, tmp_path):
        place = (detector, images, tmp_path)
        self.refused('There is no config', *place, config='gone.py')
        self.refused('There is no checkpoint', *place, checkpoint='gone.pth')

    def test_the_checkpoint_of_another_model(self, detector, images, tmp_path):
        checkpoint = torch.load(detector / 'small.pth')
        weights = checkpoint['state_dict']
        weights['roi_head.bbox_head.fc_cls.weight'] = torch.zeros(9, 32)
        torch.save(checkpoint, tmp_path / 'other.pth')
        self.refused(
            '1 of 109 parameters are not in it, or have another shape, roi_head.bbox_head.fc_cls',
            *(detector, images, tmp_path),
            checkpoint=tmp_path / 'other.pth',
        )

    @pytest.mark.parametrize('meta', [{}, dict(dataset_meta=None), dict(dataset_meta={})])
    def test_the_checkpoint_of_a_pretraining(self, detector, images, tmp_path, meta):
        torch.save(dict(meta=meta, state_dict={}), tmp_path / 'pretrained.pth')
        self.refused(
            'it is not the checkpoint of a detector',
            *(detector, images, tmp_path),
            checkpoint=tmp_path / 'pretrained.pth',
        )

    def test_the_config_of_a_pretraining(self, detector, images, tmp_path):
        config = config_file('demo/swin_pretrain.py')
        self.refused('not the config of a detector', detector, images, tmp_path, config=config)
        fragment = config_file('_base_/lsj_1024.py')
        self.refused('has no model', detector, images, tmp_path, config=fragment)


class TestDetector:
    def test_old_checkpoints_name_classes_in_capitals(self, detector, tmp_path):
        checkpoint = torch.load(detector / 'small.pth')
        checkpoint['meta'] = dict(CLASSES=CLASSES)
        torch.save(checkpoint, tmp_path / 'old.pth')
        loaded = load_detector(detector / 'small.py', tmp_path / 'old.pth', 'cpu')
        assert loaded.model.dataset_meta['classes'] == CLASSES

    def test_more_classes_than_coco(self, detector, images, tmp_path):
        text = (detector / 'small.py').read_text()
        (tmp_path / 'many.py').write_text(
            text.replace('bbox_head=dict(', 'bbox_head=dict(num_classes=100, ').replace(
                'mask_head=dict(', 'mask_head=dict(num_classes=100, '
            )
        )
        cfg = Config.fromfile(tmp_path / 'many.py')
        meta = dict(dataset_meta=dict(classes=[str(i) for i in range(100)]))
        weights = MODELS.build(cfg.model).state_dict()
        torch.save(dict(meta=meta, state_dict=weights), tmp_path / 'many.pth')
        found = run(
            *(detector, images / 'red.png', tmp_path / 'out', 0.0),
            config=tmp_path / 'many.py',
            checkpoint=tmp_path / 'many.pth',
        )
        assert found.num_objects == 0 or (found.pictures / 'red.png').is_file()


class TestTool:
    def tool(self):
        spec = importlib.util.spec_from_file_location('tool_predict', ROOT / 'tools/predict.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def call(self, monkeypatch, *arguments):
        monkeypatch.setattr(sys, 'argv', ['predict.py', *map(str, arguments)])
        self.tool().main()

    def test_says_what_it_found(self, detector, images, tmp_path, monkeypatch, capsys):
        source = tmp_path / 'one'
        source.mkdir()
        shutil.copy(images / 'red.png', source)
        self.call(
            monkeypatch,
            *(detector / 'small.py', detector / 'small.pth', source),
            *('--out-dir', tmp_path / 'out', '--score-thr', '1', '--device', 'cpu'),
        )
        results = tmp_path / 'out/predictions.json'
        assert f'0 objects in 1 images: {results}, pictures in' in capsys.readouterr().out

    def test_ends_with_one_sentence(self, detector, images, tmp_path, monkeypatch):
        with pytest.raises(SystemExit, match=r'^tools/predict.py: There is no config gone.py\.$'):
            self.call(monkeypatch, 'gone.py', 'gone.pth', images, '--out-dir', tmp_path)
