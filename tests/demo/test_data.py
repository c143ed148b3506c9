from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from repository import ROOT

from mmgreen.demo.data import make_demo_data
from mmgreen.demo.scenes import CATEGORIES

TOOL = ROOT / 'tools/dataset_converters/make_demo_data.py'
SMALL = {'num_train': 3, 'num_val': 2, 'num_train_new': 2, 'image_size': 64}


def files_below(root):
    paths = [path for path in root.rglob('*') if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def listing(root):
    return json.loads((root / 'photographs.json').read_text(encoding='utf-8'))


def annotations_of(root, split, number):
    content = json.loads((root / f'annotations/{split}.json').read_text(encoding='utf-8'))
    mine = [item for item in content['annotations'] if item['image_id'] == number]
    return [{key: value for key, value in item.items() if key != 'id'} for item in mine]


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp('demo') / 'data'
    return make_demo_data(root, 24, 8, 12, image_size=(72, 112))


def test_layout_and_summary(written):
    assert written.num_images == {'train': 24, 'val': 8, 'train_new': 12}
    for split, count in written.num_images.items():
        paths = sorted((written.root / split).iterdir())
        assert [path.name for path in paths] == [f'{i:06d}.jpg' for i in range(1, count + 1)]
        for path in paths:
            with Image.open(path) as image:
                assert (image.format, image.mode, image.size) == ('JPEG', 'RGB', (112, 72))
    assert set(files_below(written.root)) >= {
        'photographs.json',
        'annotations/train.json',
        'annotations/val.json',
        'annotations/train_new.json',
    }


@pytest.mark.parametrize('split', ['train', 'val', 'train_new'])
def test_coco_file_agrees_with_itself(written, split, capsys):
    coco = COCO(written.root / f'annotations/{split}.json')
    names = [category['name'] for category in coco.loadCats(coco.getCatIds())]
    assert names == list(CATEGORIES) and min(coco.getCatIds()) == 1
    assert len(coco.getImgIds()) == written.num_images[split]
    assert len(coco.getAnnIds()) == written.num_objects[split]
    licences = {licence['id'] for licence in coco.dataset['licenses']}
    for image in coco.loadImgs(coco.getImgIds()):
        assert (image['height'], image['width']) == (72, 112)
        assert image['license'] in licences
        objects = coco.loadAnns(coco.getAnnIds(image['id']))
        regions = np.array([coco.annToMask(item) for item in objects])
        assert regions.shape[1:] == (72, 112) and regions.sum(axis=0).max() == 1
        for item, region in zip(objects, regions, strict=True):
            rows, columns = np.nonzero(region)
            assert item['area'] == len(rows)
            assert item['bbox'] == [
                columns.min(),
                rows.min(),
                np.ptp(columns) + 1,
                np.ptp(rows) + 1,
            ]


def test_every_class_is_in_training_and_validation(written):
    for split in ('train', 'val'):
        content = json.loads((written.root / f'annotations/{split}.json').read_text())
        found = {item['category_id'] for item in content['annotations']}
        assert found == {category['id'] for category in content['categories']}


def test_photographs_are_listed_and_not_shared(written):
    content = listing(written.root)
    terms = {photograph['file']: photograph for photograph in content['photographs']}
    shown = {split: set(images.values()) for split, images in content['images'].items()}
    assert shown['train'].isdisjoint(shown['val'])
    assert shown['train_new'] == shown['train']
    assert len(shown['train']) >= 8 and len(shown['val']) >= 3
    for files in shown.values():
        assert all(terms[file]['licence'] and terms[file]['author'] for file in files)


def test_new_images_are_not_in_training(written):
    pixels = {
        split: [np.asarray(Image.open(path), int) for path in (written.root / split).iterdir()]
        for split in ('train', 'train_new')
    }
    for new in pixels['train_new']:
        assert min(np.abs(new - old).mean() for old in pixels['train']) > 3


def test_same_seed_same_bytes_other_seed_other_images(tmp_path):
    first, again, other = (tmp_path / name for name in ('first', 'again', 'other'))
    make_demo_data(first, **SMALL, seed=1)
    make_demo_data(again, **SMALL, seed=1)
    make_demo_data(other, **SMALL, seed=2)
    assert files_below(first) == files_below(again)
    assert (first / 'train/000001.jpg').read_bytes() != (other / 'train/000001.jpg').read_bytes()


def test_an_image_does_not_depend_on_how_many_there_are(tmp_path):
    few, many = tmp_path / 'few', tmp_path / 'many'
    make_demo_data(few, 5, 0, image_size=64)
    make_demo_data(many, 10, 2, image_size=64)
    for number in range(1, 6):
        name = f'train/{number:06d}.jpg'
        assert (few / name).read_bytes() == (many / name).read_bytes()
        assert annotations_of(few, 'train', number) == annotations_of(many, 'train', number)


def test_a_split_of_none_is_left_out(tmp_path):
    assert make_demo_data(tmp_path, 2, 0, image_size=64).num_images == {'train': 2}
    assert {path.name for path in tmp_path.iterdir()} == {
        'train',
        'annotations',
        'photographs.json',
    }


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'num_train': 0}, 'num_train must be at least 1, got 0'),
        ({'num_val': -1}, 'num_val must be at least 0, got -1'),
        ({'num_train_new': -2}, 'num_train_new must be at least 0, got -2'),
        ({'image_size': 63}, r'at least 64 px, got \(63, 63\)'),
        ({'image_size': (64, 64, 3)}, r'a height and a width .*got \(64, 64, 3\)'),
        ({'seed': -1}, 'seed must be at least 0, got -1'),
    ],
)
def test_arguments_out_of_range(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_demo_data(tmp_path / 'out', **arguments)
    assert not (tmp_path / 'out').exists()


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / 'holiday.jpg').write_bytes(b'mine')
    with pytest.raises(FileExistsError, match='holds no demo data: name another folder'):
        make_demo_data(tmp_path, **SMALL, overwrite=True)
    with pytest.raises(FileExistsError, match='not an empty folder'):
        make_demo_data(tmp_path / 'holiday.jpg', **SMALL)
    assert files_below(tmp_path) == {'holiday.jpg': b'mine'}


def test_a_set_of_another_photographs_json_is_not_ours(tmp_path):
    (tmp_path / 'photographs.json').write_text('{"photographs": []}')
    with pytest.raises(FileExistsError, match='holds no demo data'):
        make_demo_data(tmp_path, **SMALL, overwrite=True)


def test_other_settings_need_overwrite_which_removes_only_our_files(tmp_path):
    root = tmp_path / 'out'
    make_demo_data(root, **SMALL)
    (root / 'train/holiday.jpg').write_bytes(b'mine')
    before = files_below(root)
    with pytest.raises(FileExistsError, match='made with other settings'):
        make_demo_data(root, 2, 0, image_size=64)
    assert files_below(root) == before

    make_demo_data(root, 2, 0, image_size=64, overwrite=True)
    assert set(files_below(root)) == {
        'photographs.json',
        'annotations/train.json',
        'train/000001.jpg',
        'train/000002.jpg',
        'train/holiday.jpg',
    }
    assert not (root / 'val').exists()


def test_an_interrupted_run_can_be_repeated(tmp_path):
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    make_demo_data(whole, **SMALL)
    make_demo_data(broken, **SMALL)
    (broken / 'annotations/train.json').unlink()
    (broken / 'train/000002.jpg').write_bytes(b'half')
    make_demo_data(broken, **SMALL)
    assert files_below(broken) == files_below(whole)


@pytest.mark.parametrize('missing', ['pycocotools', 'skimage', 'sklearn', 'matplotlib'])
def test_a_missing_package_is_named_before_anything_is_written(tmp_path, monkeypatch, missing):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec', lambda name: None if name == missing else find_spec(name)
    )
    with pytest.raises(ModuleNotFoundError, match=r'is not installed.*: pip install '):
        make_demo_data(tmp_path / 'out', 11, 3, image_size=64)
    assert not (tmp_path / 'out').exists()


def test_tool(tmp_path):
    command = [sys.executable, TOOL, tmp_path / 'tool', '--num-train', '2', '--num-val', '1']
    command += ['--num-train-new', '1', '--size', '64', '80', '--seed', '5', '--grey']
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    make_demo_data(tmp_path / 'call', 2, 1, 1, image_size=(64, 80), seed=5, grey=True)
    assert files_below(tmp_path / 'tool') == files_below(tmp_path / 'call')
    assert 'train: 2 images' in run.stdout and 'train_new: 1 images' in run.stdout
