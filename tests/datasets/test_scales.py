"""Judged against the sizes that the transforms really give."""

import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmengine.registry import init_default_scope
from reference_coco import BOXES

from mmgreen.datasets.coco import CocoDataset
from mmgreen.datasets.scales import describe_scales, scale_of

RESIZE = dict(type='mmdet.Resize', scale=(64, 64), keep_ratio=True)
RANDOM = dict(
    type='mmcv.transforms.RandomResize',
    scale=(64, 64),
    ratio_range=(0.5, 1.5),
    keep_ratio=True,
    resize_type='mmdet.Resize',
)
CHOICE = dict(
    type='mmcv.transforms.RandomChoiceResize',
    scales=[(48, 90), (64, 90), (80, 90)],
    keep_ratio=True,
    resize_type='mmdet.Resize',
)


@pytest.mark.parametrize('size', [(200, 100), (90, 300), (30, 20)])
@pytest.mark.parametrize(
    'step',
    [
        *(RESIZE, RANDOM, CHOICE, dict(RESIZE, keep_ratio=False)),
        dict(type='RandomFlip', prob=0.5),
        dict(type='mmdet.Resize', scale_factor=0.3),
        dict(type='mmcv.transforms.RandomChoice', transforms=[[RESIZE], [RESIZE], [CHOICE]]),
    ],
)
def test_is_the_middle_of_what_comes_out(size, step):
    init_default_scope('mmdet')
    transform = TRANSFORMS.build(step)
    np.random.seed(0)
    scales = []
    for _ in range(150 if 'Random' in step['type'] else 1):
        image = np.zeros((size[1], size[0], 3), np.uint8)
        shape = transform(dict(img=image, img_shape=image.shape[:2]))['img'].shape
        scales.append(np.sqrt(shape[0] * shape[1] / (size[0] * size[1])))
    assert scale_of(size, [transform]) == pytest.approx(np.median(scales), rel=0.1)


class TestSentence:
    def describe(self, sizes, sides):
        init_default_scope('mmdet')
        return describe_scales(sizes, sides, [TRANSFORMS.build(RESIZE)])

    def test_objects_that_become_small(self):
        sizes, sides = [(640, 320), (640, 320), (64, 64)], [(0, 40.0), (1, 41.0), (1, 50.0)]
        assert self.describe(sizes, sides) == (
            'Images of 640x320 px become about 64x32 px, objects of 41 px about 4 px (medians): '
            'cut the images (tile_images) or raise image_size',
            True,
        )

    def test_objects_that_stay_large(self):
        text, become_small = self.describe([(640, 320)], [(0, 400.0)])
        assert not become_small and 'cut the images' not in text

    def test_nothing_is_shrunk(self):
        assert self.describe([(64, 32)], [(0, 4.0)]) is None
        assert self.describe([], []) is None


def test_the_data_set_says_it(write, log):
    CocoDataset(**write(pipeline=[*BOXES, dict(RESIZE, scale=(30, 30))]))
    assert any('Images of 40x60 px become about 20x30 px' in line for line in log)
