"""A small detector with random weights, made to find something, on images as users have them."""

import copy
import json
import shutil
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer
from mmengine.config import Config
from mmpretrain.registry import MODELS
from PIL import Image
from pycocotools.coco import COCO
from reference_detector import CLASSES, HEIC, fail_at, make_detector
from reference_images import read

from mmgreen import config_file
from mmgreen.apis.prediction import PredictionInterrupted, predict

THRESHOLD = 0.2435  # of the objects some score more, some less
NAMES = (
    'a b.png',
    'foreign.png',
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
    return make_detector(tmp_path_factory.mktemp('detector'))


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
        assert len(made.unreadable) == 1 and 'broken.jpg' in made.unreadable[0]
        assert made.left_aside == ['notes.txt'] and not made.failed
        text = str(made)
        assert f'{made.num_objects} objects in 8 images' in text
        assert 'left out, not readable: ' in text
        assert 'left aside by their ending: 1 .txt (notes.txt)' in text

    def test_the_file_is_coco(self, made, content):
        coco = COCO(str(made.results))
        assert coco.getImgIds() == list(range(1, 9))
        assert [each['name'] for each in coco.loadCats(coco.getCatIds())] == list(CLASSES)
        again = coco.loadRes(copy.deepcopy(content['annotations']))  # it writes into them
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
            pixels = read(images / image['file_name'])
            expected = inferencer(pixels, no_save_vis=True)['predictions'][0]
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
        self.refused('There is no file or folder', detector, tmp_path / 'gone', out_dir)
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
            'does not fit this MaskRCNN: 1 of 109 parameters',
            *(detector, images, tmp_path),
            checkpoint=tmp_path / 'other.pth',
        )

    def test_the_checkpoint_of_a_pretraining(self, detector, images, tmp_path):
        torch.save(dict(meta={}, state_dict={}), tmp_path / 'pretrained.pth')
        self.refused(
            'is not the config that it was trained with',
            *(detector, images, tmp_path),
            checkpoint=tmp_path / 'pretrained.pth',
        )

    def test_the_config_of_a_pretraining(self, detector, images, tmp_path):
        config = config_file('demo/swin_pretrain.py')
        self.refused('not the config of a detector', detector, images, tmp_path, config=config)
        fragment = config_file('_base_/lsj_1024.py')
        self.refused('has no model', detector, images, tmp_path, config=fragment)


class TestWhatFails:
    """One image that goes wrong, and an interruption, lose nothing of the rest."""

    @pytest.fixture
    def folder(self, images, tmp_path):
        source = tmp_path / 'new'
        source.mkdir()
        for name in ('a.png', 'c.png'):
            shutil.copy(images / 'red.png', source / name)
        return source

    def test_a_picture_that_is_too_thin(self, detector, folder, tmp_path):
        Image.new('RGB', (2000, 1)).save(folder / 'b.png')
        found = run(detector, folder, tmp_path / 'out')
        assert found.num_images == 2 and not found.failed
        assert found.unreadable == [
            f'{folder / "b.png"} is too thin: 2000x1 px; cut it, or take it out.'
        ]
        assert '1 images left out, not readable:' in str(found)
        names = [each['file_name'] for each in json.loads(found.results.read_text())['images']]
        assert names == ['a.png', 'c.png']

    @pytest.mark.parametrize('error', [RuntimeError('CUDA out of memory\nTried'), KeyError('x')])
    def test_whatever_the_model_raises(self, detector, folder, tmp_path, monkeypatch, error):
        shutil.copy(folder / 'a.png', folder / 'b.png')
        fail_at(monkeypatch, 2, error)
        found = run(detector, folder, tmp_path / 'out')
        assert found.num_images == 2 and len(found.failed) == 1
        assert type(error).__name__ in found.failed[0] and '\n' not in found.failed[0]

    def test_an_interruption_writes_what_was_found(self, detector, folder, tmp_path, monkeypatch):
        fail_at(monkeypatch, 2, KeyboardInterrupt())
        with pytest.raises(PredictionInterrupted) as stopped:
            run(detector, folder, tmp_path / 'out')
        found = stopped.value.predictions
        assert found.num_images == 1 and found.not_reached == 1
        assert 'interrupted: 1 images were not looked at' in str(found)
        assert len(json.loads(found.results.read_text())['images']) == 1

    def test_a_results_file_is_whole_or_the_old_one(self, detector, folder, tmp_path, monkeypatch):
        results = run(detector, folder, tmp_path / 'out').results
        before = results.read_text()
        monkeypatch.setattr('os.replace', Mock(side_effect=OSError(28, 'No space left')))
        with pytest.raises(OSError, match='No space'):
            run(detector, folder / 'a.png', tmp_path / 'out')
        assert results.read_text() == before

    def test_pictures_of_a_telephone_are_counted_and_named(self, detector, folder, tmp_path):
        for i in range(9):
            (folder / f'IMG_{i}.HEIC').write_bytes(HEIC)
        (folder / 'scan.pdf').write_bytes(b'%PDF-1.4')
        found = run(detector, folder, tmp_path / 'out')
        assert len(found.left_aside) == 10
        assert (
            'left aside by their ending: 9 .heic (IMG_0.HEIC, IMG_1.HEIC, IMG_2.HEIC, ...); '
            '1 .pdf (scan.pdf)' in str(found)
        )

    @pytest.mark.parametrize(
        ('name', 'head', 'words'),
        [
            ('a.HEIC', b'\0\0\0\x18ftypheic' + bytes(200), 'HEIC is not read: convert it'),
            ('a.jpg', b'\0\0\0\x18ftypmif1' + bytes(200), 'HEIC is not read: convert it'),
            ('a.pdf', b'%PDF-1.4', 'PDF is not read: convert each page'),
        ],
    )
    def test_a_single_file_says_what_it_is(self, detector, tmp_path, name, head, words):
        (tmp_path / name).write_bytes(head)
        found = run(detector, tmp_path / name, tmp_path / 'out')
        assert found.num_images == 0 and words in found.unreadable[0]

    def test_one_that_is_too_large(self, detector, folder, tmp_path, monkeypatch):
        monkeypatch.setattr('mmgreen.datasets.read_image.MAX_MEGAPIXELS', 1e-3)
        found = run(detector, folder / 'a.png', tmp_path / 'out')
        assert 'a.png is too large' in found.unreadable[0]
        # What the message advises is followed here, too.
        cfg = Config.fromfile(detector / 'small.py')
        reader = dict(type='mmgreen.ReadImage', max_megapixels=1)
        cfg.test_dataloader.dataset.pipeline[0] = reader
        cfg.dump(tmp_path / 'large.py')
        files = (tmp_path / 'large.py', detector / 'small.pth', folder / 'a.png')
        found = predict(*files, tmp_path / 'large', THRESHOLD, 'cpu')
        assert found.num_images == 1 and not found.unreadable


class TestColours:
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
