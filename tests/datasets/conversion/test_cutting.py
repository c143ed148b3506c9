import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from mmgreen.datasets.conversion.cutting import tile_images, unique_stems
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError


@pytest.fixture
def data(picture, voc, folder):
    """A picture of three tiles of 20 px in a row, two trees in the first two; one without trees."""
    picture('a.png', (60, 20))
    picture('sub/a.png', (25, 20))
    voc('a.xml', [('tree', 15, 5, 25, 15), ('tree', 2, 2, 8, 8)], 'a.png', (60, 20))
    voc('sub/a.xml', [], 'a.png', (25, 20))
    return folder


def cut(data, out, purpose, **settings):
    settings = dict(style='voc', size=(20, 20), overlap=0.0) | settings
    lines = tile_images(str(data), str(out), purpose, **settings)
    path = out / f'{purpose}.json'
    return lines, json.loads(path.read_text()) if path.exists() else None


def by_tile(content):
    names = {image['id']: image['file_name'] for image in content['images']}
    found = {name: [] for name in names.values()}
    for each in content['annotations']:
        found[names[each['image_id']]].append((each['source_id'], each['iscrowd']))
    return found


def test_tiles_for_a_training(data, tmp_path):
    lines, content = cut(data, tmp_path / 'out', 'train')
    assert by_tile(content) == {'a_0_0.png': [(1, 0), (2, 0)], 'a_20_0.png': [(1, 0)]}
    assert 'with 2 objects into 2 tiles with 3 objects' in '\n'.join(lines)
    assert {path.name for path in (tmp_path / 'out/train').rglob('*')} == set(by_tile(content))


def test_tiles_for_a_validation(data, tmp_path):
    _, content = cut(data, tmp_path, 'val')
    found = by_tile(content)
    assert found['a_0_0.png'] == [(1, 1), (2, 0)] and found['a_20_0.png'] == [(1, 0)]
    assert found['a_40_0.png'] == found['sub/a_5_0.png'] == found['sub/a_0_0.png'] == []


def test_pixels_are_those_of_the_source(data, tmp_path):
    _, content = cut(data, tmp_path, 'val', size=(20, 15))
    for image in content['images']:
        pixels = read_pixels(str(data / image['source']))
        x, y = image['x'], image['y']
        tile = read_pixels(str(tmp_path / 'val' / image['file_name']))
        assert tile.shape[:2] == (image['height'], image['width']) == (15, 20)
        np.testing.assert_array_equal(tile, pixels[y : y + 15, x : x + 20])


def test_pictures_alone(data, tmp_path):
    _, content = cut(data, tmp_path, 'unlabelled', style=None)
    assert content is None
    assert len(list((tmp_path / 'unlabelled').rglob('*.png'))) == 5


def test_turned_pictures_are_cut_as_they_are_shown(picture, voc, folder, tmp_path):
    picture('a.jpg', (60, 20), orientation=6)
    voc('a.xml', [('tree', 2, 42, 18, 58)], 'a.jpg', (20, 60))
    _, content = cut(folder, tmp_path, 'train')
    (image,) = content['images']
    assert image['file_name'] == 'a_0_40.jpg'
    with Image.open(tmp_path / 'train/a_0_40.jpg') as tile:
        assert tile.size == (20, 20)
    assert content['annotations'][0]['bbox'] == [2, 2, 16, 16]


def test_pictures_that_are_cut_off_are_all_named_or_all_skipped(data, picture, voc, tmp_path):
    picture('whole.png', (60, 20))
    whole = (data / 'whole.png').read_bytes()
    for name in ('x.png', 'y.png'):
        (data / name).write_bytes(whole[: len(whole) // 2])
        voc(f'{name[0]}.xml', [('tree', 1, 1, 9, 9)], name, (60, 20))
    with pytest.raises(InputError) as error:
        cut(data, tmp_path, 'train')
    assert 'x.png' in str(error.value) and 'y.png' in str(error.value)
    assert not list(tmp_path.glob('train*'))
    lines, content = cut(data, tmp_path, 'train', skip_broken=True)
    assert {image['source'] for image in content['images']} == {'a.png'}
    assert 'x.png' in '\n'.join(lines)
    lines, _ = cut(data, tmp_path, 'unlabelled')
    assert 'y.png cannot be read' in '\n'.join(lines)


def test_a_small_picture_stays_whole(data, tmp_path):
    _, content = cut(data, tmp_path, 'train', size=(100, 100), keep_empty=True)
    assert [(i['width'], i['height']) for i in content['images']] == [(60, 20), (25, 20)]


def test_objects_in_no_tile_and_empty_tiles_are_counted(data, tmp_path):
    lines, _ = cut(data, tmp_path, 'train', least_part=0.6)
    said = '\n'.join(lines)
    assert '1 objects have no part of 60%' in said and '4 tiles without objects' in said


def test_a_folder_of_before_is_refused_and_a_broken_one_is_done_again(data, tmp_path):
    (tmp_path / 'train.part').mkdir()
    (tmp_path / 'train.part/old.png').touch()
    cut(data, tmp_path, 'train')
    assert not (tmp_path / 'train/old.png').exists()
    with pytest.raises(InputError, match='there already'):
        cut(data, tmp_path, 'train')


@pytest.mark.parametrize('wrong', [dict(style=None), dict(size=(0, 5)), dict(overlap=1.0)])
def test_what_cannot_be_is_refused_before_anything_is_written(data, tmp_path, wrong):
    with pytest.raises(InputError):
        cut(data, tmp_path / 'out', 'train', **wrong)
    assert not (tmp_path / 'out').exists()


def test_names_that_differ_by_their_ending_alone():
    names = ['a.png', 'a.tif', 'sub/a.png', 'b.1.png', 'B.1.jpg', 'c{}.png']
    stems = unique_stems(names)
    assert stems['sub/a.png'] == 'sub/a' and stems['a.tif'] == 'a.tif' and stems['c{}.png'] == 'c{}'
    assert max(Counter(map(str.casefold, stems.values())).values()) == 1
