import numpy as np
import pytest

from mmgreen.operators.soft_nms import DROP, GAUSSIAN, LINEAR, soft_nms

# The second covers half of the first, the third lies apart.
BOXES = np.array([[0, 0, 4, 4], [0, 0, 4, 2], [9, 9, 10, 10]], np.float32)
SCORES = np.array([0.9, 0.8, 0.5], np.float32)


@pytest.mark.parametrize(
    ('method', 'indices', 'scores'),
    [
        (DROP, [0, 2], [0.9, 0.5]),
        (LINEAR, [0, 2, 1], [0.9, 0.5, 0.4]),
        (GAUSSIAN, [0, 2, 1], [0.9, 0.5, 0.8 * np.exp(-0.25 / 0.5)]),
    ],
)
def test_what_each_method_does_to_a_box_that_overlaps_by_half(method, indices, scores):
    found = soft_nms(BOXES, SCORES, *map(np.float32, (0.5, 0.5, 1e-3)), method, 0)
    assert found[0].tolist() == indices
    np.testing.assert_allclose(found[1], scores, rtol=1e-6)
    assert SCORES.tolist() == np.array([0.9, 0.8, 0.5], np.float32).tolist()


def test_a_score_below_the_smallest_drops_its_box():
    found = soft_nms(BOXES, SCORES, *map(np.float32, (0.5, 0.5, 0.45)), LINEAR, 0)
    assert found[0].tolist() == [0, 2]


def test_no_boxes():
    indices, scores = soft_nms(BOXES[:0], SCORES[:0], *map(np.float32, (0.5, 0.5, 0)), LINEAR, 0)
    assert indices.shape == scores.shape == (0,)
