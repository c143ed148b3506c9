"""YOLO: a text file an image, with boxes or outlines in fractions of its width and height."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import PurePosixPath

import numpy as np
import yaml

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.outlines import bounds_of_polygons
from mmgreen.datasets.conversion.records import (
    Complaint,
    LabelledImage,
    LabelledObject,
    raise_together,
    read_each,
)
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import other_files
from mmgreen.datasets.read_image import Size
from mmgreen.errors import MissingFileError

LISTS_OF_NAMES = ('classes.txt', 'obj.names', 'labels.txt', 'predefined_classes.txt')
BEYOND = 0.01
"""So much may a fraction be below 0 or above 1: boxes at the edge are rounded outwards."""


def read_yolo(index: ImageIndex) -> tuple[list[str], Iterator[LabelledImage | Complaint]]:
    """Names of the classes in their order, and one record for each text file of labels.

    Raises:
        DataError: if the folder does not say what the numbers stand for.
    """
    others = other_files(index.folder)
    names = read_names(index.folder, others)
    files = [name for name in others if name.lower().endswith('.txt') and _is_labels(name, index)]
    return names, read_each(files, lambda file: _read_file(file, names, index))


def read_names(folder: str, files: Sequence[str]) -> list[str]:
    """What the numbers stand for, from ``data.yaml`` or ``classes.txt``.

    Args:
        folder: of the data.
        files: in it, relative; those nearest to its root come first.

    Raises:
        DataError: if there is no such file, or it has no names.
    """
    for file in sorted(files, key=lambda name: (name.count('/'), name)):
        path = os.path.join(folder, file)
        if file.lower().endswith(('.yaml', '.yml')):
            names = _names_in_yaml(path)
            if names:
                return names
        if PurePosixPath(file).name in LISTS_OF_NAMES:
            with open(path, encoding='utf-8-sig') as stream:
                lines = [line.strip() for line in stream]
            return [line for line in lines if line]
    raise MissingFileError(
        f'{folder} has no classes.txt (a name on each line) and no data.yaml with names: YOLO '
        'labels are numbers; add one of them.'
    )


def _names_in_yaml(path: str) -> list[str]:
    try:
        with open(path, encoding='utf-8-sig') as stream:
            content = yaml.safe_load(stream)
    except yaml.YAMLError as error:
        raise DataError(f'{path} is not YAML: {" ".join(str(error).split())}.') from error
    names = content.get('names') if isinstance(content, dict) else None
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise DataError(f'names in {path} are not numbered from 0 without gaps: number them.')
        names = [names[number] for number in range(len(names))]
    return [str(name) for name in names or ()]


def _is_labels(file: str, index: ImageIndex) -> bool:
    """Whether a text file has an image, or a first line like YOLO's; not lists and notes."""
    if PurePosixPath(file).name in LISTS_OF_NAMES:
        return False
    try:
        index.find(PurePosixPath(file).stem, file)
        return True
    except DataError:
        pass
    with open(os.path.join(index.folder, file), encoding='utf-8', errors='replace') as stream:
        words = stream.readline().split()
    return len(words) >= 5 and all(map(_is_number, words))


def _read_file(file: str, names: Sequence[str], index: ImageIndex) -> LabelledImage:
    image = index.find(PurePosixPath(file).stem, file)
    size = index.size_of(image)
    objects, wrong = [], []
    with open(os.path.join(index.folder, file), encoding='utf-8-sig', errors='replace') as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                try:
                    objects.append(_read_line(line.split(), names, size))
                except DataError as error:
                    wrong.append(f'line {number}: {error}')
    raise_together(wrong)
    return LabelledImage(image, size.width, size.height, tuple(objects))


def _read_line(words: Sequence[str], names: Sequence[str], size: Size) -> LabelledObject:
    if not all(map(_is_number, words)):
        raise DataError('it is not numbers only')
    category, *values = map(float, words)
    if category not in range(len(names)):
        raise DataError(f'class {words[0]} is none of the {len(names)} that have names')
    is_outline = len(values) >= 6 and len(values) % 2 == 0
    if len(values) != 4 and not is_outline:
        raise DataError(f'it has {len(words)} numbers, not 5 (a box) or 7, 9, … (an outline)')
    if min(values) < -BEYOND or max(values) > 1 + BEYOND:
        raise DataError('it has numbers that are not between 0 and 1: YOLO has fractions')
    scaled = np.array(values) * np.tile([size.width, size.height], len(values) // 2)
    if is_outline:
        left, top, right, bottom = bounds_of_polygons([scaled])
        box, segmentation = (left, top, right - left, bottom - top), [scaled.tolist()]
    else:
        x, y, width, height = scaled.tolist()
        box, segmentation = (x - width / 2, y - height / 2, width, height), None
    return LabelledObject(names[int(category)], box, segmentation)


def _is_number(word: str) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False
