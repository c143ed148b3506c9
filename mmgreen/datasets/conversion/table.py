"""A table: a csv file with a line for each box, whose columns are known by their names."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.records import (
    Box,
    Complaint,
    LabelledImage,
    LabelledObject,
    raise_together,
    read_each,
)
from mmgreen.datasets.conversion.voc import check_size
from mmgreen.datasets.errors import DataError

Row = tuple[int, dict[str, str]]
"""Number of the line, and its values by the name of the column, in small letters."""
IMAGE = ('image_path', 'filename', 'file_name', 'image', 'image_name', 'img', 'path', 'file')
LABEL = ('label', 'class', 'class_name', 'category', 'category_name', 'name')
CORNERS = (
    ('xmin', 'ymin', 'xmax', 'ymax'),
    ('x_min', 'y_min', 'x_max', 'y_max'),
    ('x1', 'y1', 'x2', 'y2'),
    ('left', 'top', 'right', 'bottom'),
)
SIDES = (
    ('x', 'y', 'width', 'height'),
    ('x', 'y', 'w', 'h'),
    ('left', 'top', 'width', 'height'),
    ('bbox_x', 'bbox_y', 'bbox_width', 'bbox_height'),
)
"""Left and top, then width and height of the box; looked for after corners, beside which width and
height are those of the image."""


def read_table(index: ImageIndex, path: str) -> Iterator[LabelledImage | Complaint]:
    """One record for each image that the table names, in order of name.

    A line without numbers is an image without objects.

    Args:
        index: of the images.
        path: of the table, with comma, semicolon or tabulator between columns.

    Raises:
        DataError: if columns are missing.
    """
    rows = _rows_of(path)
    columns = _columns_of(rows[0][1] if rows else {}, path)
    by_image: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_image[row[1][columns['image']].strip()].append(row)
    return read_each(
        sorted(by_image), lambda name: _read_image(name, by_image[name], columns, index, path)
    )


def _rows_of(path: str) -> list[Row]:
    with open(path, encoding='utf-8-sig', newline='') as stream:
        header = stream.readline()
        stream.seek(0)
        delimiter = max(',;\t', key=header.count)
        reader = csv.DictReader(stream, delimiter=delimiter, restval='', restkey='')
        try:
            return [
                (reader.line_num, {key.strip().lower(): value for key, value in row.items()})
                for row in reader
            ]
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f'{path} is no table of text: {error}; save it as UTF-8.') from error


def _columns_of(row: Mapping[str, str], path: str) -> dict[str, str | Sequence[str]]:
    """Which column is what: ``image``, ``label``, and ``corners`` or ``sides``."""
    found: dict = {
        'image': next((name for name in IMAGE if name in row), None),
        'label': next((name for name in LABEL if name in row), None),
        'corners': next((names for names in CORNERS if set(names) <= set(row)), None),
        'sides': next((names for names in SIDES if set(names) <= set(row)), None),
    }
    lacking = [
        f'{what} ({", ".join(names)})'
        for what, names, is_there in (
            ('the image', IMAGE, found['image']),
            ('the class', LABEL, found['label']),
            ('the box', CORNERS[0], found['corners'] or found['sides']),
        )
        if not is_there
    ]
    if lacking:
        raise DataError(
            f'{path} has the columns {", ".join(row) or "(none)"}, and none for '
            f'{"; none for ".join(lacking)}: name them so in its first line.'
        )
    return found


def _read_image(
    name: str, rows: Sequence[Row], columns: Mapping, index: ImageIndex, path: str
) -> LabelledImage:
    image = index.find(name, os.path.relpath(path, index.folder).replace(os.sep, '/'))
    size = index.size_of(image)
    objects, wrong = [], []
    for line, row in rows:
        try:
            if columns['corners']:
                check_size(_size_in(row), size)
            box = _box_of(row, columns)
            if box:
                objects.append(LabelledObject(_label_of(row, columns), box))
        except DataError as error:
            wrong.append(f'line {line}: {error}')
    raise_together(wrong)
    return LabelledImage(image, size.width, size.height, tuple(objects))


def _box_of(row: Mapping[str, str], columns: Mapping) -> Box | None:
    texts = [row[key].strip() for key in columns['corners'] or columns['sides']]
    if not any(texts):
        return None
    try:
        a, b, c, d = map(float, texts)
    except ValueError as error:
        raise DataError(f'{", ".join(texts)} are not four numbers') from error
    if not all(map(isfinite, (a, b, c, d))):
        raise DataError(f'{", ".join(texts)} are not four finite numbers')
    return (a, b, c - a, d - b) if columns['corners'] else (a, b, c, d)


def _label_of(row: Mapping[str, str], columns: Mapping) -> str:
    label = row[columns['label']].strip()
    if not label:
        raise DataError('it has a box and no class')
    return label


def _size_in(row: Mapping[str, str]) -> tuple[int, int] | None:
    try:
        return int(row['width']), int(row['height'])
    except (KeyError, ValueError):
        return None
