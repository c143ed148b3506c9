"""Predictions as a COCO file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pycocotools import mask as coding


def as_coco(found: Iterable[tuple[dict, Sequence[dict]]], classes: Sequence[str]) -> dict[str, Any]:
    """A COCO file of predictions.

    Args:
        found: of each image its entry (``id``, ``file_name``, ``height``, ``width``) and what was
            found in it, as :class:`mmgreen.apis.look.Look` has it.
        classes: names, in the order of the labels.
    """
    images, annotations = [], []
    for image, objects in found:
        images.append(image)
        for each in objects:
            x1, y1, x2, y2 = each['box']
            encoded = each.get('encoded')
            annotation = {
                'id': len(annotations) + 1,
                'image_id': image['id'],
                'category_id': each['label'] + 1,
                'bbox': [x1, y1, x2 - x1, y2 - y1],
                'area': int(coding.area(encoded)) if encoded else (x2 - x1) * (y2 - y1),
                'iscrowd': 0,
                'score': each['score'],
            }
            annotations.append(annotation | ({'segmentation': encoded} if encoded else {}))
    categories = [{'id': i, 'name': name} for i, name in enumerate(classes, start=1)]
    return {'images': images, 'categories': categories, 'annotations': annotations}
