"""A COCO annotation file, looked through before anything is learned from it.

What is wrong would else show as a KeyError, or in the middle of an epoch.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.read_image import sizes_in_headers
from mmgreen.errors import MissingFileError

MOST_PIXELS = 1e6
"""No image is as wide; pycocotools takes the memory for a polygon that is, and is killed."""


class Kind(NamedTuple):
    """What a value of an annotation file has to be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_place, value))


def _is_place(value: Any) -> bool:
    return type(value) in (int, float) and -MOST_PIXELS < value < MOST_PIXELS  # NaN is neither


NAME = Kind('a text', lambda value: isinstance(value, str))
NUMBER = Kind('a number', _is_number)
NUMBER_OR_NAME = Kind(
    'a number or a text', lambda value: isinstance(value, str) or _is_number(value)
)
PIXELS = Kind('a number of pixels above 0', lambda value: _is_place(value) and value > 0)
BOX = Kind('four numbers, none infinite: left, top, width and height in pixels', _is_box)
FLAG = Kind('0 or 1', lambda value: value in (0, 1))


# What mmdet, and pycocotools in evaluation, read of each entry. Boxes may be degenerate.
KINDS = {
    'images': {
        'id': NUMBER_OR_NAME,
        'file_name': NAME,
        'height': PIXELS,
        'width': PIXELS,
    },
    'annotations': {
        'id': NUMBER,
        'image_id': NUMBER_OR_NAME,
        'category_id': NUMBER_OR_NAME,
        'bbox': BOX,
        'area': NUMBER,
        'iscrowd': FLAG,
    },
    'categories': {'id': NUMBER_OR_NAME, 'name': NAME},
}
BYTE_ORDER_MARK = '\ufeff'
MENDS = {
    'area': ' (width times height of the box will do)',
    'iscrowd': ' (0 for an ordinary object)',
}


def read_annotations(path: str, with_objects: bool = True) -> dict:
    """The content of a COCO annotation file, known to have what training and evaluation read.

    Args:
        path: a JSON file with ``images``, ``annotations`` and ``categories``.
        with_objects: whether ``annotations`` must be there; COCO's own test set has none. Left out,
            they are an empty list.

    Raises:
        FileNotFoundError: if it is missing.
        DataError: if it is not COCO; names the first thing that is wrong.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            f'There is no annotation file {os.path.abspath(path)}; set data_root and ann_file of '
            'the dataset.'
        )
    content = _parse(path)
    if not isinstance(content, dict):
        raise DataError(
            f'{path} is no COCO file of objects: it holds a {type(content).__name__}, not a dict '
            f'with {", ".join(KINDS)}; give the file that lists the images.'
        )
    if not with_objects:
        content.setdefault('annotations', [])
    lacking = [section for section in KINDS if not isinstance(content.get(section), list)]
    if lacking:
        raise DataError(
            f'{path} is no COCO file of objects: it lacks the list {" and ".join(lacking)}; give '
            'one that has it.'
        )
    for section, entry in (('images', 'image'), ('categories', 'category')):
        if not content[section]:
            raise DataError(f'{path} lists no {entry}; give another file.')
    _check_entries(content, path)
    return content


def _parse(path: str) -> Any:
    try:
        text = Path(path).read_text(encoding='utf-8')
        if text.startswith(BYTE_ORDER_MARK):
            raise DataError(
                f'{path} begins with a byte-order mark, at which pycocotools fails: save it as '
                'UTF-8 without one.'
            )
        return json.loads(text)
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f'{path} is not text in UTF-8, and so no COCO file ({error.reason}): unpack it, or '
            'save it as UTF-8.'
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f'{path} is not JSON, and so no COCO file: {error}.') from error


def _check_entries(content: Mapping, path: str) -> None:
    for section, kinds in KINDS.items():
        for place, entry in enumerate(content[section]):
            if not isinstance(entry, dict) or not kinds.keys() <= entry.keys():
                keys = entry if isinstance(entry, dict) else ()
                lacking = next(key for key in kinds if key not in keys)
                raise DataError(
                    f'{path}: entry {place} of {section} has no {lacking!r}; add it to every '
                    f'entry{MENDS.get(lacking, "")}.'
                )
            wrong = [key for key, kind in kinds.items() if not kind.holds(entry[key])]
            if wrong:
                raise DataError(
                    f'{path}: entry {place} of {section} has {wrong[0]} {entry[wrong[0]]!r}; it '
                    f'has to be {kinds[wrong[0]].words}.'
                )
        _check_ids([entry['id'] for entry in content[section]], section, path)
        ids = Counter(entry['id'] for entry in content[section])
        twice = [each for each, count in ids.items() if count > 1]
        if twice:
            raise DataError(
                f'{path}: the id {twice[0]} occurs twice in {section}; number them anew.'
            )
    for section, key in (('images', 'image_id'), ('categories', 'category_id')):
        ids = {entry['id'] for entry in content[section]}
        for entry in content['annotations']:
            if entry[key] not in ids:
                other = str(entry[key]) in map(str, ids)
                hint = f' (it has one of another type, {type(next(iter(ids))).__name__})'
                raise DataError(
                    f'{path}: annotation {entry["id"]} has {key} {entry[key]!r}, which is not the '
                    f'id of any of its {section}{hint if other else ""}; mend it, or take the '
                    'annotation out.'
                )


def _check_ids(ids: Sequence[Any], section: str, path: str) -> None:
    kinds = {str if isinstance(each, str) else float: each for each in ids}
    if len(kinds) > 1:
        raise DataError(
            f'{path}: ids of {section} are numbers and texts, {kinds[float]!r} and '
            f'{kinds[str]!r}; give all of them one type.'
        )


def check_images(images: Sequence[Mapping], folder: str, path: str) -> None:
    """Refuses a list of images that are not in their folder, are twice in it, or of another size.

    Args:
        images: entries with ``file_name``, ``width`` and ``height``.
        folder: of the files.
        path: of the annotation file, for the message.

    Raises:
        MissingFileError: counts and names images that are not there.
        DataError: names an image and what it is and should be.
    """
    names = [each['file_name'] for each in images]
    files = [os.path.join(folder, name) for name in names]
    absent = [name for name, file in zip(names, files, strict=True) if not os.path.isfile(file)]
    if absent:
        raise MissingFileError(
            f'{len(absent)} of {len(names)} images that {path} lists are not in '
            f'{os.path.abspath(folder)}, {absent[0]} first; set data_prefix.img of the dataset, or '
            'take them out of the file.'
        )
    _check_once(files, path)
    sizes = sizes_in_headers(files)
    wrong = [
        (image, size)
        for image, size in zip(images, sizes, strict=True)
        if size is not None and size[:2] != (image['width'], image['height'])
    ]
    if wrong:
        image, size = wrong[0]
        turned = ', turned by EXIF,' if size.turned else ''
        raise DataError(
            f'{len(wrong)} of {len(images)} images are of another size than {path} says, '
            f'{image["file_name"]} first: the picture{turned} is {size.width}x{size.height} px '
            f'(width x height), the file has {image["width"]}x{image["height"]}; boxes and masks '
            'have to be those of the picture as it is shown: mend them together with width and '
            'height, or give the images that were labelled.'
        )


def _check_once(files: Sequence[str], path: str) -> None:
    counts = Counter(map(os.path.normpath, files))
    twice = [file for file, count in counts.items() if count > 1]
    if twice:
        raise DataError(
            f'{path} lists {len(twice)} pictures more than once, {twice[0]} first: each entry '
            "teaches that the other's objects are background; put their objects under one id."
        )
