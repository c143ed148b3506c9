"""Judged against a count: AP of objects that are all found, by how many of them are looked at."""

import json

import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoMetric as HostCocoMetric
from mmengine.registry import METRICS

from mmgreen.datasets.coco_metric import CocoMetric


def score(metric, number):
    corners = torch.arange(number)[:, None] * torch.tensor([20.0, 0, 20, 0])
    found = dict(
        bboxes=corners + torch.tensor([0.0, 0, 10, 10]),
        scores=torch.linspace(1, 0.5, number),
        labels=torch.zeros(number, dtype=torch.int64),
    )
    metric.dataset_meta = dict(classes=('cat',))
    metric.process({}, [dict(pred_instances=found, img_id=1, ori_shape=(10, 20 * number))])
    return metric.evaluate(1)


@pytest.fixture
def truth(tmp_path):
    def write(number):
        boxes = [[20 * i, 0, 10, 10] for i in range(number)]
        common = dict(image_id=1, category_id=1, area=100, iscrowd=0)
        content = dict(
            images=[dict(id=1, file_name='a', height=10, width=20 * number)],
            annotations=[dict(id=i, bbox=box, **common) for i, box in enumerate(boxes, 1)],
            categories=[dict(id=1, name='cat')],
        )
        (tmp_path / 'a.json').write_text(json.dumps(content))
        return str(tmp_path / 'a.json')

    return write


# pycocotools compares each object with each: of more than mmdet's 1,000, at two thresholds only.
@pytest.mark.parametrize(
    ('number', 'thresholds'), [(40, None), (300, None), (1010, np.array([0.5, 0.75]))]
)
def test_all_that_is_found_counts(truth, number, thresholds):
    metric = CocoMetric(max_per_image=number, ann_file=truth(number), iou_thrs=thresholds)
    ours = score(metric, number)
    assert ours['coco/bbox_mAP'] == ours['coco/bbox_mAP_50'] == 1.0


def test_mmdets_first_figure_does_not(truth):
    host = score(HostCocoMetric(ann_file=truth(300)), 300)
    assert host['coco/bbox_mAP'] == pytest.approx(1 / 3, abs=0.01)
    assert host['coco/bbox_mAP_50'] == 1.0
    again = score(HostCocoMetric(ann_file=truth(300)), 300)  # and ours has left it alone
    assert again == host


def test_up_to_100_all_figures_are_mmdets(truth):
    path = truth(60)
    assert score(CocoMetric(ann_file=path), 45) == score(HostCocoMetric(ann_file=path), 45)


def test_nothing_found_is_an_ap_of_0_where_mmdet_has_none(truth):
    path = truth(12)
    assert score(HostCocoMetric(ann_file=path), 0) == {}
    nothing = score(CocoMetric(ann_file=path), 0)
    found = score(CocoMetric(ann_file=path), 12)
    assert list(nothing) == list(found)
    # All boxes are small: of other sizes there is nothing to be found, which COCO calls -1.
    assert nothing == {name: min(value, 0.0) for name, value in found.items()}
    assert sorted(set(nothing.values())) == [-1.0, 0.0]


def test_up_to_100_settings_are_mmdets(truth):
    metric = CocoMetric(ann_file=truth(3), metric='proposal_fast', proposal_nums=(10, 50))
    assert list(metric.proposal_nums) == [10, 50]


def test_is_found_by_its_name(truth):
    built = METRICS.build(dict(type='mmgreen.CocoMetric', ann_file=truth(3), max_per_image=2000))
    assert isinstance(built, CocoMetric) and np.max(built.proposal_nums) == 2000
