"""LabelMe: a JSON file an image, with outlines and rectangles."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from math import hypot, isfinite
from typing import Any

import numpy as np

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.outlines import bounds_of_polygons
from mmgreen.datasets.conversion.records import (
    Complaint,
    LabelledImage,
    LabelledObject,
    LeftOut,
    raise_together,
    read_each,
)
from mmgreen.datasets.conversion.voc import check_size
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import other_files

CIRCLE_POINTS = 36
NUM_POINTS = {'polygon': 3, 'rectangle': 2, 'circle': 2}
"""Kinds of shapes that are read, and the fewest points of each."""


def read_labelme(index: ImageIndex) -> Iterator[LabelledImage | Complaint]:
    """One record for each JSON file below the folder, in order of name.

    Shapes of one label and group are one object. Lines, points and painted masks are left out.
    """
    files = [name for name in other_files(index.folder) if name.lower().endswith('.json')]
    return read_each(files, lambda file: _read_file(file, index))


def _read_file(file: str, index: ImageIndex) -> LabelledImage:
    content = _content_of(os.path.join(index.folder, file))
    image = index.find(str(content.get('imagePath') or ''), file)
    size = index.size_of(image)
    check_size(_size_in(content), size)
    polygons: dict[Any, list[list[float]]] = {}
    left_out, wrong = [], []
    for place, shape in enumerate(content['shapes']):
        kind, group = _kind_of(shape), shape.get('group_id')
        try:
            label = _label_of(shape)
            if kind in NUM_POINTS:
                key = (label, place if group is None else f'group {group}')
                polygons.setdefault(key, []).append(_polygon_of(shape, kind))
            else:
                left_out.append(LeftOut(label, f'of the kind {kind}, which is not read'))
        except DataError as error:
            wrong.append(f'shape {place + 1}: {error}')
    raise_together(wrong)
    objects = tuple(_object_of(label, outlines) for (label, _), outlines in polygons.items())
    return LabelledImage(image, size.width, size.height, objects, tuple(left_out))


def _content_of(path: str) -> dict:
    try:
        with open(path, encoding='utf-8-sig') as stream:
            content = json.load(stream)
    except ValueError as error:
        raise DataError(f'it is not JSON ({error})') from error
    shapes = content.get('shapes') if isinstance(content, dict) else None
    if not isinstance(shapes, list) or not all(isinstance(each, dict) for each in shapes):
        raise DataError('it has no list of shapes, and so is no file of LabelMe')
    return content


def _kind_of(shape: Mapping) -> str:
    return str(shape.get('shape_type') or 'polygon')  # old versions drew nothing else


def _label_of(shape: Mapping) -> str:
    label = str(shape.get('label') or '').strip()
    if not label:
        raise DataError('it has no label')
    return label


def _polygon_of(shape: Mapping, kind: str) -> list[float]:
    points = _points_of(shape)
    if len(points) < NUM_POINTS[kind]:
        raise DataError(f'a {kind} of {len(points)} points')
    if kind == 'rectangle':
        (left, top), (right, bottom) = points.min(0), points.max(0)
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    if kind == 'circle':
        angles = np.linspace(0, 2 * np.pi, CIRCLE_POINTS, endpoint=False)
        radius = hypot(*(points[1] - points[0]))
        points = points[0] + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points.ravel().tolist()


def _points_of(shape: Mapping) -> np.ndarray:
    """(N, 2) pixels."""
    points = shape.get('points')
    try:
        pairs = [(float(x), float(y)) for x, y in points]
    except (TypeError, ValueError) as error:
        raise DataError('its points are not pairs of numbers') from error
    if not all(isfinite(value) for pair in pairs for value in pair):
        raise DataError('its points are not finite')
    return np.array(pairs).reshape(-1, 2)


def _object_of(label: str, polygons: Sequence[list[float]]) -> LabelledObject:
    left, top, right, bottom = bounds_of_polygons(list(polygons))
    return LabelledObject(label, (left, top, right - left, bottom - top), list(polygons))


def _size_in(content: Mapping) -> tuple[int, int] | None:
    try:
        return int(content['imageWidth']), int(content['imageHeight'])
    except (KeyError, TypeError, ValueError):
        return None
