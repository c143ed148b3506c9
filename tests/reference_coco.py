"""A small COCO file, good and made wrong, and the sentence that refuses it."""

import pytest

from mmgreen.datasets.coco import CocoDataset
from mmgreen.datasets.errors import DataError

CLASSES = ('cat', 'dog')
CAT, DOG = 3, 17  # ids with gaps
FILTER = dict(filter_empty_gt=True, min_size=16)
READ = dict(type='mmcv.transforms.LoadImageFromFile')
BOXES = [READ, dict(type='mmdet.LoadAnnotations', with_bbox=True)]
MASKS = [READ, dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True)]


def annotation(number, image, category, bbox, **changes):
    x, y, w, h = bbox
    outline = [x, y, x + w, y, x + w, y + h, x, y + h]
    return (
        dict(
            id=number,
            image_id=image,
            category_id=category,
            bbox=list(bbox),
            area=w * h,
            iscrowd=0,
            segmentation=[outline],
        )
        | changes
    )


def sentence_of(settings):
    """What refuses these settings: one line."""
    with pytest.raises((DataError, FileNotFoundError)) as error:
        CocoDataset(**settings)
    text = str(error.value)
    assert '\n' not in text and text.endswith('.')
    return text


def labels(dataset):
    return [
        [each['bbox_label'] for each in dataset.get_data_info(i)['instances']]
        for i in range(len(dataset))
    ]
