"""Boxes and names on a picture, drawn so that small objects can still be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import InstanceData

from mmgreen.registry import VISUALIZERS

LINES = ((48, 1), (128, 2))
"""Up to which side of the median object, in pixels, lines have which width; beyond, 3."""
LEAST_NAMED = 24
"""Where the median object is smaller, its name would be larger than it, and is left out."""
TEXT_HEIGHT = 12
"""Pixels above a box, for its name to stand there."""


@VISUALIZERS.register_module()
class DetectionVisualizer(DetLocalVisualizer):
    """mmdet's DetLocalVisualizer, whose lines are thin where objects are small.

    Names stand above their boxes, not in them, and are left out where objects are smaller.

    Args:
        name: of the visualizer.
        labels: whether names and scores are written at all.
        **options: the others of mmdet's; ``line_width`` follows from the objects.
    """

    def __init__(self, name: str = 'visualizer', labels: bool = True, **options: Any) -> None:
        super().__init__(name=name, **options)
        self.labels = labels
        self._are_named = labels

    def _draw_instances(
        self,
        image: np.ndarray,
        instances: InstanceData,
        classes: list[str] | None,
        palette: list[tuple] | None,
    ) -> np.ndarray:
        """The picture, (H, W, 3) uint8, red first."""
        side = _median_side(instances)
        self.line_width = next((width for most, width in LINES if side < most), 3)
        self._are_named = self.labels and side >= LEAST_NAMED
        return super()._draw_instances(image, instances, classes, palette)

    def draw_texts(
        self, texts: str | Sequence[str], positions: Any, **options: Any
    ) -> DetectionVisualizer:
        """Writes above the place that mmdet gives, the upper left corner inside of a box."""
        if not self._are_named:
            return self
        positions = positions - self.line_width
        is_below = float(positions.reshape(-1)[1]) < TEXT_HEIGHT
        options['vertical_alignments'] = 'top' if is_below else 'bottom'
        return super().draw_texts(texts, positions, **options)


def _median_side(instances: InstanceData) -> float:
    """Of the boxes, in pixels; those without are taken for large."""
    boxes = np.asarray(instances.get('bboxes', np.zeros((0, 4))), dtype=float)
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1))
    sides = sides[sides > 0]  # of a detector without boxes, all are 0
    return float(np.median(sides)) if len(sides) else float('inf')
