"""The set from a small stand-in for the wheel: the same names, smaller pictures."""

import hashlib
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from mmgreen.datasets.conversion import survey
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError

SITE = survey.SITE
SIZES = {SITE: (900, 800), survey.LABELLED['val_other_site'][0].stem: (500, 420)}
# In columns and rows: crowns at the borders, and one in the middle of the margin between them.
CROWNS = [(x, y) for x in (5, 200, 340, 585, 645, 710) for y in (9, 180, 330)]
TRAIN, VAL = (0, 600), (700, 900)


@pytest.fixture
def wheel(picture, voc, folder, tmp_path, monkeypatch):
    parts = (survey.Photograph(SITE, right=TRAIN[1]), survey.Photograph(SITE, left=VAL[0]))
    monkeypatch.setitem(survey.LABELLED, 'train', parts[:1])
    monkeypatch.setitem(survey.LABELLED, 'val', parts[1:])
    for each in {each.stem for photographs in survey.LABELLED.values() for each in photographs}:
        width, height = SIZES.get(each, (400, 400))
        picture(f'{each}.png', (width, height))
        crowns = [('Alive', x, y, x + 40, y + 40) for x, y in CROWNS if x + 40 <= width]
        voc(f'{each}.xml', crowns, f'{each}.png', (width, height))
    rows, columns = np.indices((800, 900))
    colours = np.stack([rows % 256, columns % 256, columns // 256], axis=-1).astype(np.uint8)
    Image.fromarray(colours).save(folder / f'{SITE}.png')
    picture('OSBS_029.tif', (400, 400))
    for name in survey.WITHOUT_BOXES:
        picture(name, (400, 400))
    path = tmp_path / 'deepforest.whl'
    with zipfile.ZipFile(path, 'w') as archive:
        for file in folder.iterdir():
            archive.write(file, survey.INSIDE + file.name)
    monkeypatch.setattr(survey, 'SHA256', hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.fixture
def out(wheel, tmp_path):
    survey.make_survey_data(str(tmp_path / 'out'), str(wheel))
    return tmp_path / 'out'


def read(out, split):
    return json.loads((out / f'{split}.json').read_text())


def ids(out, split, iscrowd=0):
    annotations = read(out, split)['annotations']
    return [each['source_id'] for each in annotations if each['iscrowd'] == iscrowd]


def test_each_picture_is_where_it_belongs(out):
    for split, photographs in survey.LABELLED.items():
        content = read(out, split)
        sources = {image['source'].partition('_columns_')[0] for image in content['images']}
        assert {name.removesuffix('.png') for name in sources} == {p.stem for p in photographs}
        assert [each['name'] for each in content['categories']] == ['Tree']
        names = {each['file_name'] for each in content['images']}
        assert {path.name for path in (out / split).iterdir()} == names
    pretrained = {path.name.rsplit('_', 2)[0] for path in (out / 'unlabelled').iterdir()}
    name = f'{SITE}_columns_{TRAIN[0]}_{TRAIN[1]}'
    assert pretrained == {name, 'SOAP_031', survey.WITHOUT_BOXES[1][:-4]}


def test_each_tree_counts_once_and_none_of_the_validation_is_trained_on(out):
    for split, trees in {'val': 3, 'val_other_site': 9, 'final': 18}.items():
        assert len(ids(out, split)) == len(set(ids(out, split))) == trees
    # Of the crowns at 585 the training has 15 of 40 columns: less than 40 %.
    assert len(set(ids(out, 'train'))) == 9 and len(set(ids(out, 'train', iscrowd=1))) == 3
    in_val = {*ids(out, 'val'), *ids(out, 'val', iscrowd=1)}
    assert not in_val & {*ids(out, 'train'), *ids(out, 'train', iscrowd=1)}


def test_columns_are_those_of_the_photograph(out, folder):
    whole = read_pixels(str(folder / f'{SITE}.png'))
    for split, (left, right) in {'train': TRAIN, 'val': VAL, 'unlabelled': TRAIN}.items():
        seen = np.zeros(whole.shape[:2], bool)
        for path in (out / split).glob(f'{SITE}_*'):
            x, y = map(int, path.stem.rsplit('_', 2)[1:])
            pixels = read_pixels(str(path))
            height, width = pixels.shape[:2]
            there = np.s_[y : y + height, left + x : left + x + width]
            assert (pixels == whole[there]).all()
            seen[there] = True
        assert seen[:, left:right].all() and seen.sum() == 800 * (right - left)


def test_boxes_lie_on_their_crowns(out):
    content = read(out, 'val')
    place = {image['id']: (image['x'], image['y']) for image in content['images']}
    for each in content['annotations']:
        if not each['iscrowd']:
            x, y = place[each['image_id']]
            left, top, width, height = each['bbox']
            assert (left + x + VAL[0], top + y) in CROWNS and (width, height) == (40, 40)


def test_another_wheel_is_refused(wheel, tmp_path):
    wheel.write_bytes(wheel.read_bytes() + b' ')
    with pytest.raises(InputError, match='sha256'):
        survey.make_survey_data(str(tmp_path / 'out'), str(wheel))
    with pytest.raises(InputError, match='no file'):
        survey.make_survey_data(str(tmp_path / 'out'), 'gone.whl')
    assert not (tmp_path / 'out').exists()


def test_without_a_network_the_user_is_told_where_the_wheel_is(tmp_path, monkeypatch):
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    with pytest.raises(InputError, match='--wheel'):
        survey.make_survey_data(str(tmp_path / 'out'))


def test_a_set_of_before_is_refused(wheel, tmp_path):
    (tmp_path / 'final').mkdir()
    with pytest.raises(InputError, match='final is there already'):
        survey.make_survey_data(str(tmp_path), str(wheel))


def test_a_set_that_was_broken_off_is_made_anew(wheel, tmp_path, monkeypatch):
    def break_off(*arguments, **options):
        raise KeyboardInterrupt

    out = tmp_path / 'out'
    with monkeypatch.context() as patches:
        patches.setattr(survey, 'coco_content', break_off)
        with pytest.raises(KeyboardInterrupt):
            survey.make_survey_data(str(out), str(wheel))
    survey.make_survey_data(str(out), str(wheel))
    assert (out / 'final.json').is_file() and not (out / survey.PART).exists()
