import json

import pytest
from mmengine.logging import MMLogger
from PIL import Image
from reference_coco import BOXES, CAT, CLASSES, DOG, FILTER, annotation


@pytest.fixture
def content():
    """Three images of 40 x 60 px (width, height), of which the last has no object."""
    names = ('a.png', 'sub folder/b ü#.PNG', 'c.png')
    return dict(
        images=[dict(id=10 * i, file_name=n, width=40, height=60) for i, n in enumerate(names, 1)],
        annotations=[
            annotation(1, 10, DOG, (5, 6, 20, 30)),
            annotation(2, 10, CAT, (0, 0, 8.5, 9)),
            annotation(5, 20, CAT, (10, 10, 30, 40), iscrowd=1),
            annotation(4, 20, DOG, (1, 2, 3, 4)),
        ],
        categories=[dict(id=CAT, name='cat'), dict(id=DOG, name='dog')],
    )


@pytest.fixture
def write(tmp_path, content):
    """Writes images and the annotation file; returns the settings of a dataset that reads them."""
    for image in content['images']:
        path = tmp_path / 'images' / image['file_name']
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (40, 60)).save(path)

    def write(what=content, name='train.json', **settings):
        text = what if isinstance(what, str) else json.dumps(what)
        (tmp_path / name).write_text(text, encoding='utf-8')
        return (
            dict(
                data_root=str(tmp_path),
                ann_file=name,
                data_prefix=dict(img='images'),
                metainfo=dict(classes=CLASSES),
                pipeline=BOXES,
                filter_cfg=FILTER,
            )
            | settings
        )

    return write


@pytest.fixture
def log(monkeypatch):
    """The lines that the dataset logs."""
    lines = []
    logger = MMLogger.get_current_instance()
    for level in ('info', 'warning'):
        monkeypatch.setattr(logger, level, lines.append)
    return lines
