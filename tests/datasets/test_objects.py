import pytest
from mmengine.logging import MMLogger
from reference_masks import IMAGE, SQUARE, run_lengths

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.objects import check_boxes, check_masks, check_scored


def an_object(mask):
    return dict(bbox=[10, 10, 30, 40], mask=mask, image=IMAGE, ignore_flag=0)


@pytest.fixture
def warned(monkeypatch):
    lines = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', lines.append)
    return lines


GOOD = {
    'a polygon': [SQUARE],
    'several': [[10, 10, 20, 10, 20, 40], [15, 30, 30, 20, 30, 40, 20, 40]],
    'one that is none beside a good one': [SQUARE, [1, 2, 3, 4]],
    'run lengths': run_lengths(False),
    'compressed run lengths': run_lengths(True),
}


@pytest.mark.parametrize('name', GOOD)
def test_good_ones_are_taken_without_a_word(name, warned):
    check_masks([an_object(GOOD[name])] * 3, 'file.json')
    assert warned == []


BAD = {
    'two points': ([[10, 10, 30, 40]], '3 of 3 objects have a segmentation of fewer than three'),
    'an odd number': ([[10, 10, 30, 40, 5, 6, 7]], 'fewer than three points'),
    'nothing': ([], 'fewer than three points'),
    'fractions of 1': ([[x / 80 for x in SQUARE]], '3 of 3 masks do not lie in the boxes'),
    'another place': ([[x + 40 for x in SQUARE]], 'do not lie in the boxes'),
    'a number': (5, 'neither a list of polygons'),
}


@pytest.mark.parametrize('name', BAD)
def test_what_cannot_be_meant_is_refused(name):
    mask, sentence = BAD[name]
    with pytest.raises(DataError, match=sentence):
        check_masks([an_object(mask)] * 3, 'file.json')


@pytest.mark.parametrize('name', ['two points', 'another place'])
def test_a_few_are_named_and_the_training_goes_on(name, warned):
    check_masks([an_object([SQUARE])] * 4 + [an_object(BAD[name][0])], 'file.json')
    (line,) = warned
    assert '1 of 5' in line and str(BAD[name][0])[:20] in line


def test_x_and_y_exchanged():
    wide = an_object([[10, 50, 10, 78, 20, 78, 20, 50]]) | dict(bbox=[50, 10, 78, 20])
    with pytest.raises(DataError, match='do not lie in the boxes'):
        check_masks([wide], 'file.json')


def test_of_a_crowd_the_form_alone_counts(warned):
    crowd = an_object([[60, 50, 70, 50, 70, 58]]) | dict(ignore_flag=1)
    check_masks([crowd, crowd, an_object([SQUARE])], 'file.json')
    assert warned == []
    del crowd['mask']
    with pytest.raises(DataError, match='1 of 2 objects in file.json have no segmentation'):
        check_masks([crowd, an_object([SQUARE])], 'file.json')
    with pytest.raises(DataError, match='neither a list of polygons'):
        check_masks([crowd | dict(mask=5), an_object([SQUARE])], 'file.json')


@pytest.fixture
def content():
    """One image with three objects."""
    numbers = dict(image_id=1, category_id=1, iscrowd=0, area=600, segmentation=[SQUARE])
    places = enumerate([(10, 10, 20, 30), (11, 10, 20, 30), (12, 10, 20, 30)], 1)
    return dict(
        images=[dict(IMAGE, id=1)],
        annotations=[dict(numbers, id=number, bbox=list(box)) for number, box in places],
        categories=[dict(id=1, name='cat')],
    )


def test_copies_of_an_object_are_named(content, warned):
    check_boxes(content, 'file.json')
    assert warned == []
    content['annotations'][2]['bbox'] = content['annotations'][0]['bbox']
    check_boxes(content, 'file.json')
    assert '1 of 3 objects have the class and the box of another' in warned[0]


class TestScored:
    def test_a_good_file_is_taken_without_a_word(self, content, warned):
        check_scored(content, 'file.json', ['bbox', 'segm'])
        assert warned == []

    def test_one_without_objects(self, content):
        content['annotations'] = []
        with pytest.raises(DataError, match='no object to score against'):
            check_scored(content, 'file.json', ['bbox'])

    def test_boxes_in_fractions(self, content):
        for each in content['annotations']:
            each['bbox'] = [0.1, 0.1, 0.5, 0.5]
        with pytest.raises(DataError, match='fractions of 1'):
            check_scored(content, 'file.json', ['bbox'])

    def test_boxes_without_a_side_are_named(self, content, warned):
        content['annotations'][1]['bbox'] = [30, 30, -20, 10]
        check_scored(content, 'file.json', ['bbox'])
        assert '1 of 3 boxes have no width or no height, annotation 2 first' in warned[0]

    @pytest.mark.parametrize(
        ('mask', 'sentence'),
        [
            (None, '3 of 3 objects in file.json have no segmentation'),
            ([], 'have no segmentation'),
            ([[10, 10, 30, 40]], 'fewer than three points'),  # pycocotools takes it for a box
            ([[0.1, 0.1, 0.4, 0.1, 0.4, 0.5]], 'do not lie in the boxes'),
            (run_lengths(False) | dict(size=[80, 60]), 'has the size'),
        ],
    )
    def test_masks_count_where_they_are_scored(self, content, mask, sentence):
        for each in content['annotations']:
            each['segmentation'] = mask
        check_scored(content, 'file.json', ['bbox'])
        with pytest.raises(DataError, match=sentence) as error:
            check_scored(content, 'file.json', ['bbox', 'segm'])
        assert 'train boxes alone' not in str(error.value)
