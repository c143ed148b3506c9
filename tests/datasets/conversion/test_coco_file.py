import json

import pytest
from reference_coco import annotation

from mmgreen.datasets.conversion.coco_file import read_coco
from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.errors import InputError


@pytest.fixture
def content():
    return dict(
        images=[dict(id=8, file_name='sub/a.png', width=40, height=30)],
        annotations=[
            annotation(5, 8, 3, (1, 2, 3, 4)),
            annotation(6, 8, 9, (0, 0, 9, 9), iscrowd=1),
        ],
        categories=[dict(id=9, name='dog'), dict(id=3, name='cat')],
    )


def test_everything_is_kept(picture, text, folder, content):
    picture('sub/a.png')
    text('all.json', json.dumps(content))
    classes, images = read_coco(ImageIndex(str(folder)), str(folder / 'all.json'))
    (image,) = images
    assert classes == ['dog', 'cat'] and image[:3] == ('sub/a.png', 40, 30)
    assert [(e.category, e.box, e.iscrowd, e.source_id) for e in image.objects] == [
        ('cat', (1, 2, 3, 4), False, 5),
        ('dog', (0, 0, 9, 9), True, 6),
    ]
    assert image.objects[0].segmentation == content['annotations'][0]['segmentation']


@pytest.mark.parametrize('wrong', [dict(file_name='gone.png'), dict(width=41)])
def test_pictures_are_looked_at(picture, text, folder, content, wrong):
    picture('sub/a.png')
    content['images'][0].update(wrong)
    text('all.json', json.dumps(content))
    with pytest.raises(InputError):
        read_coco(ImageIndex(str(folder)), str(folder / 'all.json'))
