"""COCO's evaluation of a detector that gives more than 100 objects an image, or none at all."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from mmdet.datasets.api_wrappers import COCO, COCOeval
from mmdet.evaluation import CocoMetric as HostCocoMetric
from mmengine.logging import MMLogger

from mmgreen.registry import METRICS

STANDARD = 100
"""Objects of an image that COCO's own AP looks at, the best first."""


class EvaluationOfAll(COCOeval):
    """pycocotools' evaluation, whose first figure counts as many objects as the others.

    There it is of the best 100 objects of each image, whatever ``maxDets`` says.
    """

    def summarize(self) -> None:
        """Prints the table, and corrects the first figure."""
        super().summarize()
        precision = self.eval['precision'][:, :, :, 0, -1]
        counted = precision[precision > -1]
        self.stats[0] = counted.mean() if counted.size else -1.0


def load_results(truth: COCO, found: list[dict]) -> COCO:
    """What was found; ``loadRes`` of pycocotools refuses an empty list."""
    if found:
        # Of the class above mmdet's, in which this function stands in the place of its own.
        return super(COCO, truth).loadRes(found)
    results = COCO()
    results.dataset = {**truth.dataset, 'annotations': []}
    results.createIndex()
    return results


@METRICS.register_module()
class CocoMetric(HostCocoMetric):
    """mmdet's CocoMetric, whose every AP counts as many objects of an image as a detector gives.

    mmdet's ``mAP`` is of the best 100 objects, its ``mAP_50`` and all others of the best 1,000.
    Where ``max_per_image`` is 100 or less, figures are mmdet's. Where a detector finds nothing in
    any image, as after a few steps of a training, mmdet gives no figure at all, and this one 0.

    Args:
        max_per_image: objects that the detector gives for one image at most.
        **settings: those of mmdet's.
    """

    def __init__(self, max_per_image: int = STANDARD, **settings: Any) -> None:
        super().__init__(**settings)
        self.max_per_image = max_per_image
        if max_per_image > STANDARD:
            first, second, last = self.proposal_nums
            self.proposal_nums = [first, second, max(last, max_per_image)]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """By name, as mmdet's."""
        evaluation = EvaluationOfAll if self.max_per_image > STANDARD else COCOeval
        # mmdet takes both by their names, and offers no other place.
        with (
            patch('mmdet.evaluation.metrics.coco_metric.COCOeval', evaluation),
            patch.object(COCO, 'loadRes', load_results),
        ):
            metrics = super().compute_metrics(results)
        if self.max_per_image > STANDARD:
            MMLogger.get_current_instance().info(
                f'mAP counts up to {self.max_per_image} objects of an image (max_per_image), as '
                f'the other figures do; the first line of the table above counts {STANDARD}.'
            )
        return metrics
