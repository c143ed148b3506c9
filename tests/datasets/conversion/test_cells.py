import json

import pytest
from PIL import Image

from mmgreen.datasets.conversion.cells import make_cell_data
from mmgreen.errors import InputError


@pytest.fixture
def bccd(picture, voc, text, folder):
    """Three images, one for each list."""
    for name, label in (('a', 'RBC'), ('b', 'WBC'), ('c', 'Platelets')):
        picture(f'BCCD/JPEGImages/{name}.jpg', (64, 48))
        boxes = [(label, 10, 20, 30, 40), ('RBC', 5, 5, 5, 5)]
        voc(f'BCCD/Annotations/{name}.xml', boxes, f'{name}.jpg', (64, 48))
    for name, stem in (('train', 'b'), ('val', 'a'), ('test', 'c')):
        text(f'BCCD/ImageSets/Main/{name}.txt', f'{stem}\n')
    return folder


def test_training_has_two_lists_and_test_the_third(bccd, tmp_path):
    lines = make_cell_data(str(bccd), str(tmp_path))
    train, test = (json.loads((tmp_path / f'{s}.json').read_text()) for s in ('train', 'test'))
    assert [each['file_name'] for each in train['images']] == ['a.jpg', 'b.jpg']
    assert [each['file_name'] for each in test['images']] == ['c.jpg']
    for content in (train, test):
        assert [each['name'] for each in content['categories']] == ['RBC', 'WBC', 'Platelets']
    assert train['annotations'][0]['bbox'] == [5, 10, 10, 10]
    with Image.open(tmp_path / 'test/c.jpg') as small:
        assert small.size == (32, 24)
    assert 'a.jpg: RBC [5, 5, 0, 0]' in '\n'.join(lines)


def test_the_same_again_to_the_byte(bccd, tmp_path):
    sets = []
    for name in ('one', 'two'):
        make_cell_data(str(bccd / 'BCCD'), str(tmp_path / name), scale=0.25)
        files = sorted((tmp_path / name).rglob('*.j*'))
        sets.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert sets[0] == sets[1] and len(sets[0]) == 5


def test_what_is_no_bccd(bccd, tmp_path, picture, folder):
    with pytest.raises(InputError, match='ImageSets'):
        make_cell_data(str(tmp_path), str(tmp_path / 'out'))
    with pytest.raises(InputError, match='--scale'):
        make_cell_data(str(bccd), str(tmp_path / 'out'), scale=2)
    (bccd / 'BCCD/ImageSets/Main/val.txt').unlink()
    with pytest.raises(InputError, match=r'val\.txt'):
        make_cell_data(str(bccd), str(tmp_path / 'out'))
