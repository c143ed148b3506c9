import numpy as np
import pytest
from mmengine.logging import MMLogger
from pycocotools import mask as coding

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.objects import check_masks

IMAGE = dict(file_name='a.jpg', height=60, width=80)
SQUARE = [10, 10, 30, 10, 30, 40, 10, 40]


def run_lengths(compressed):
    pixels = np.zeros((60, 80), dtype=np.uint8)
    pixels[10:40, 10:30] = 1
    if compressed:
        return coding.encode(np.asfortranarray(pixels))
    flat = pixels.flatten(order='F')
    changes = np.flatnonzero(np.diff(flat)) + 1
    return dict(size=[60, 80], counts=np.diff([0, *changes, flat.size]).tolist())


def an_object(mask):
    return dict(bbox=[10, 10, 30, 40], mask=mask, image=IMAGE)


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
    'run lengths of another size': (
        dict(run_lengths(False), size=[80, 60]),
        r'has the size \[80, 60\], its image \[60, 80\] \(height, width\)',
    ),
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
    wide = dict(bbox=[50, 10, 78, 20], image=IMAGE, mask=[[10, 50, 10, 78, 20, 78, 20, 50]])
    with pytest.raises(DataError, match='do not lie in the boxes'):
        check_masks([wide], 'file.json')
