import json

import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmgreen.datasets.conversion.records import LabelledImage, LabelledObject
from mmgreen.datasets.conversion.writing import coco_content, split_names, write_coco
from mmgreen.errors import InputError

SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]]
IMAGES = [
    LabelledImage('sub/a ü.png', 40, 30, (LabelledObject('dog', (1, 1, 4, 4), SQUARE, False, 17),)),
    LabelledImage('b.png', 20, 10),
    LabelledImage(
        'c.png',
        20,
        10,
        (LabelledObject('cat', (1, 2, 3, 4.5)), LabelledObject('cat', (5, 5, 5, 5), None, True)),
    ),
]


def test_a_file_that_coco_scores_in_full(tmp_path):
    path = tmp_path / 'new' / 'all.json'
    write_coco(path, coco_content(IMAGES, ['cat', 'dog']), 'here')
    truth = COCO(path)
    found = [
        {**{key: each[key] for key in ('image_id', 'category_id', 'bbox')}, 'score': 1.0}
        for each in truth.dataset['annotations']
    ]
    scoring = COCOeval(truth, truth.loadRes(found), 'bbox')
    scoring.evaluate()
    scoring.accumulate()
    scoring.summarize()
    assert scoring.stats[0] == pytest.approx(1)


def test_every_field(tmp_path):
    content = coco_content(IMAGES, ['cat', 'dog'], {'b.png': {'source': 'big.tif', 'x': 3}})
    assert content['categories'] == [{'id': 1, 'name': 'cat'}, {'id': 2, 'name': 'dog'}]
    assert content['images'][1] == dict(
        id=2, file_name='b.png', width=20, height=10, source='big.tif', x=3
    )
    dog, cat, crowd = content['annotations']
    assert dog == dict(
        id=1,
        image_id=1,
        category_id=2,
        bbox=[1, 1, 4, 4],
        area=16,
        segmentation=SQUARE,
        iscrowd=0,
        source_id=17,
    )
    assert cat['area'] == 13.5 and 'segmentation' not in cat
    assert crowd['iscrowd'] == 1 and crowd['image_id'] == 3


def test_what_no_training_would_read_is_not_written(tmp_path):
    path = tmp_path / 'all.json'
    path.write_text('of before')
    with pytest.raises(InputError):
        write_coco(path, coco_content([], ['cat']), 'here')
    assert path.read_text() == 'of before'
    write_coco(path, coco_content(IMAGES, ['cat', 'dog']), 'here')
    assert len(json.loads(path.read_text(encoding='utf-8'))['images']) == 3


NAMES = [f'{number}.png' for number in range(50)]


def test_the_division_follows_from_seed_and_names():
    train, val = split_names(NAMES, 0.2, seed=0)
    assert sorted(train + val) == sorted(NAMES) and len(val) == 10
    assert split_names(NAMES[::-1], 0.2, seed=0) == (train, val)
    assert split_names(NAMES, 0.2, seed=1) != (train, val)


def test_a_larger_set_keeps_most_of_its_validation():
    _, before = split_names(NAMES, 0.2, seed=0)
    _, after = split_names([*NAMES, *(f'new{number}.png' for number in range(10))], 0.2, seed=0)
    assert len(set(before) - set(after)) <= 3


def test_divisions_that_leave_nothing():
    assert split_names(NAMES, 0, seed=0) == (sorted(NAMES), [])
    for fraction in (1, -0.1, 0.001, 0.999):
        with pytest.raises(InputError):
            split_names(NAMES, fraction, seed=0)
