import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmgreen.apis.detection_visualizer import DetectionVisualizer


def draw(boxes, labels=True, **more):
    visualizer = DetectionVisualizer(labels=labels)
    visualizer.dataset_meta = dict(classes=('cat',), palette=[(255, 0, 0)])
    found = InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        labels=torch.zeros(len(boxes), dtype=torch.int64),
        scores=torch.ones(len(boxes)),
        **more,
    )
    image = np.full((200, 300, 3), 128, np.uint8)
    sample = DetDataSample(pred_instances=found)
    visualizer.add_datasample('a', image, sample, draw_gt=False, out_file=None)
    drawn = visualizer.get_image()
    return (abs(drawn.astype(int) - 128) > 40).any(-1), visualizer.line_width


BOX = [100, 80, 180, 150]


def test_names_stand_above_their_boxes():
    drawn, width = draw([BOX])
    assert width == 2
    assert drawn[60:78, 100:140].any() and not drawn[84:146, 104:176].any()


def test_at_the_upper_edge_they_stand_inside():
    drawn, _ = draw([[100, 2, 180, 90]])
    assert drawn[6:20, 104:140].any()


@pytest.mark.parametrize(('boxes', 'labels'), [([BOX], False), ([[100, 80, 120, 100]] * 2, True)])
def test_without_names(boxes, labels):
    drawn, _ = draw(boxes, labels)
    assert drawn.any() and not drawn[:76].any()


@pytest.mark.parametrize(('side', 'width'), [(30, 1), (100, 2), (150, 3)])
def test_lines_are_thin_where_objects_are_small(side, width):
    assert draw([[20, 20, 20 + side, 20 + side]])[1] == width


def test_nothing_found():
    assert not draw([])[0].any()
