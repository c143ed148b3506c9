"""The set from a small stand-in for the wheel: the same names, smaller pictures."""

import hashlib
import json
import zipfile

import numpy as np
import pytest

from mmgreen.datasets.conversion import survey
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError

SIZES = {'train': (900, 800), 'val': (500, 420), 'final': (400, 400)}


@pytest.fixture
def wheel(picture, voc, folder, tmp_path, monkeypatch):
    for split, stems in survey.LABELLED.items():
        width, height = SIZES[split]
        for stem in stems:
            picture(f'{stem}.png', (width, height))
            crowns = [('Alive', x, y, x + 40, y + 40) for x in (5, 200, 340) for y in (9, 180, 330)]
            voc(f'{stem}.xml', crowns, f'{stem}.png', (width, height))
    picture('OSBS_029.tif', (400, 400))
    for name in survey.WITHOUT_BOXES:
        picture(name, (400, 400))
    path = tmp_path / 'deepforest.whl'
    with zipfile.ZipFile(path, 'w') as archive:
        for file in folder.iterdir():
            archive.write(file, survey.INSIDE + file.name)
    monkeypatch.setattr(survey, 'SHA256', hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_each_picture_is_where_it_belongs(wheel, folder, tmp_path):
    survey.make_survey_data(str(tmp_path / 'out'), str(wheel))
    sources = {}
    for split, stems in survey.LABELLED.items():
        content = json.loads((tmp_path / 'out' / f'{split}.json').read_text())
        sources[split] = {image['source'] for image in content['images']}
        assert sources[split] == {f'{stem}.png' for stem in stems}
        assert [each['name'] for each in content['categories']] == ['Tree']
        names = {each['file_name'] for each in content['images']}
        assert {path.name for path in (tmp_path / 'out' / split).iterdir()} == names
        ordinary = [each['source_id'] for each in content['annotations'] if not each['iscrowd']]
        if split != 'train':
            assert len(ordinary) == len(set(ordinary)) == 9 * len(stems)
    pretrained = {path.name.rsplit('_', 2)[0] for path in (tmp_path / 'out/unlabelled').iterdir()}
    assert pretrained == {survey.LABELLED['train'][0], 'SOAP_031', survey.WITHOUT_BOXES[1][:-4]}


def test_every_pixel_of_the_training_is_pretrained_on(wheel, folder, tmp_path):
    survey.make_survey_data(str(tmp_path / 'out'), str(wheel))
    stem = survey.LABELLED['train'][0]
    seen = np.zeros((800, 900), bool)
    for path in (tmp_path / 'out/unlabelled').glob(f'{stem}_*'):
        x, y = map(int, path.stem.rsplit('_', 2)[1:])
        height, width = read_pixels(str(path)).shape[:2]
        seen[y : y + height, x : x + width] = True
    assert seen.all()


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
