import pytest

from mmgreen.datasets.conversion.records import LabelledImage, LabelledObject
from mmgreen.datasets.conversion.scaling import scale_image
from mmgreen.errors import InputError


def an_image(outline):
    return LabelledImage('a.png', 40, 30, (LabelledObject('cat', (4, 6, 8, 12), outline),))


def test_boxes_and_polygons_go_with_their_image():
    scaled = scale_image(an_image([[4, 6, 12, 6, 12, 18]]), 20, 10)
    assert scaled[1:3] == (20, 10)
    assert scaled.objects[0].box == pytest.approx((2, 2, 4, 4))
    assert scaled.objects[0].segmentation[0] == pytest.approx([2, 2, 6, 2, 6, 6])
    assert scale_image(an_image(None), 20, 10).objects[0].segmentation is None


def test_run_lengths_are_refused():
    with pytest.raises(InputError):
        scale_image(an_image({'size': [30, 40], 'counts': 'x'}), 20, 10)
