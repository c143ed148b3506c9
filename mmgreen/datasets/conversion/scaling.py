"""A record of an image that is resized."""

from __future__ import annotations

from mmgreen.datasets.conversion.records import LabelledImage, LabelledObject
from mmgreen.errors import InputError


def scale_image(image: LabelledImage, width: int, height: int) -> LabelledImage:
    """The record of the same image at another size, boxes and polygons scaled with it.

    Raises:
        InputError: if an object has run lengths, which cannot be scaled without their pixels.
    """
    x, y = width / image.width, height / image.height
    objects = tuple(_scale(each, x, y) for each in image.objects)
    return image._replace(width=width, height=height, objects=objects)


def _scale(each: LabelledObject, x: float, y: float) -> LabelledObject:
    if isinstance(each.segmentation, dict):
        raise InputError('Masks of run lengths cannot be scaled; give polygons.')
    left, top, width, height = each.box
    polygons = each.segmentation and [
        [value * (x, y)[place % 2] for place, value in enumerate(polygon)]
        for polygon in each.segmentation
    ]
    box = (left * x, top * y, width * x, height * y)
    return each._replace(box=box, segmentation=polygons)
