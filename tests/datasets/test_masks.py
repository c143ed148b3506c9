import json
import math

import numpy as np
import pytest
from pycocotools import mask as coding
from reference_coco import MASKS, sentence_of
from reference_masks import IMAGE, SQUARE, run_lengths

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.masks import bounds, check_form, has_pixels, unpacked

POINTS = [5, 6, 35, 6, 35, 26]


@pytest.mark.parametrize('mask', [[SQUARE], [SQUARE, []], run_lengths(False), run_lengths(True)])
def test_good_ones_and_their_bounds(mask):
    check_form(mask, IMAGE, 'file.json')
    assert has_pixels(mask) and bounds(mask, IMAGE) == pytest.approx((10, 10, 30, 40))


@pytest.mark.parametrize(
    'mask',
    [
        5,
        POINTS,
        [[5, 6, 35, 6, 35, math.nan]],
        [[5, 6, 35, 6, 35, math.inf]],  # for which pycocotools takes all memory there is
        [[5, 6, 35, 6, 35, -math.inf]],
        [[5, 6, 35, 6, 35, 1e9]],
        [[str(each) for each in POINTS]],
        [[5, 6, 35, 6, 35, None]],
        [[[5, 6], [35, 6], [35, 26]]],
        [dict(x=5, y=6)],
        [SQUARE, 'text'],
        [SQUARE, ''],
    ],
)
def test_what_are_no_polygons(mask):
    with pytest.raises(DataError, match='neither a list of polygons'):
        check_form(mask, IMAGE, 'file.json')


@pytest.mark.parametrize('size', [[80, 60], 60, '60x80', None, [60, 80, 1]])
def test_run_lengths_of_another_size(size):
    with pytest.raises(DataError, match=r'its image \[60, 80\] \(height, width\)'):
        check_form(dict(size=size, counts=[4800]), IMAGE, 'file.json')


@pytest.mark.parametrize(
    'counts',
    [None, [], 4800, [10, 20], [10, 4791], [-10, 4810], [10.5, 4789.5], ['10', '4790'], {}],
)
def test_run_lengths_that_do_not_fill_the_image(counts):
    with pytest.raises(DataError, match='are not those of 60x80 pixels'):
        check_form(dict(size=[60, 80], counts=counts), IMAGE, 'file.json')


# pycocotools reads on behind the ends of 'zzz!!' and 'P', over memory that is not its own.
@pytest.mark.parametrize('counts', ['', 'zzz!!', 'A', 'P', b'0', '0\x7f', 'o' * 30 + '0', 'é'])
def test_compressed_run_lengths_that_cannot_be_unpacked(counts):
    with pytest.raises(DataError, match='are not those of 60x80 pixels'):
        check_form(dict(size=[60, 80], counts=counts), IMAGE, 'file.json')


@pytest.mark.parametrize('seed', range(20))
def test_unpacked_is_what_pycocotools_packed(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 400, 2))
    pixels = np.asfortranarray(rng.random(shape) < rng.choice([0, 0.001, 0.5, 1]), np.uint8)
    runs = np.flatnonzero(np.diff(pixels.ravel(order='F'), prepend=0, append=2))
    expected = np.diff(runs, prepend=0).tolist()
    counts = coding.encode(pixels)['counts']
    assert unpacked(counts) == unpacked(counts.decode()) == expected


@pytest.mark.parametrize('mask', [[], [[]], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5, 6, 7]]])
def test_what_mmdet_makes_no_mask_of(mask):
    check_form(mask, IMAGE, 'file.json')
    assert not has_pixels(mask)


def test_a_file_with_an_infinite_polygon_is_refused(write, content, tmp_path):
    content['annotations'][0]['segmentation'] = [[5, 6, 35, 6, math.inf, 26]]
    assert 'Infinity' in json.dumps(content)
    assert 'of finite numbers' in sentence_of(write(pipeline=MASKS))
