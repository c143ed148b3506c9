"""Records written as COCO files, which a training reads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmgreen.datasets.annotations import read_annotations
from mmgreen.datasets.conversion.records import LabelledImage, LabelledObject, area_of
from mmgreen.errors import InputError


def coco_content(
    images: Sequence[LabelledImage],
    classes: Sequence[str],
    notes: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """All that training and COCO's evaluation read; ids count from 1.

    Args:
        images: in the order that the file gets.
        classes: in the order of the labels.
        notes: for images by file name, further fields of their entry.
    """
    numbers = {name: number for number, name in enumerate(classes, 1)}
    annotations: list[dict[str, Any]] = []
    for image_id, image in enumerate(images, 1):
        for each in image.objects:
            entry = {'id': len(annotations) + 1, 'image_id': image_id}
            annotations.append(entry | _annotation(each, numbers[each.category]))
    return {
        'images': [
            {
                'id': number,
                'file_name': image.file_name,
                'width': image.width,
                'height': image.height,
                **(notes or {}).get(image.file_name, {}),
            }
            for number, image in enumerate(images, 1)
        ],
        'annotations': annotations,
        'categories': [{'id': number, 'name': name} for name, number in numbers.items()],
    }


def _annotation(each: LabelledObject, category_id: int) -> dict[str, Any]:
    outline = {'segmentation': each.segmentation} if each.segmentation else {}
    return {
        'category_id': category_id,
        'bbox': [round(value, 3) for value in each.box],
        'area': round(area_of(each), 3),
        **outline,
        'iscrowd': int(each.iscrowd),
        'source_id': each.source_id,
    }


def write_coco(path: Path, content: Mapping[str, Any], source: str) -> None:
    """Writes the file, whole or not at all, once it is known that a training reads it.

    Args:
        path: of the file.
        content: from :func:`coco_content`.
        source: where it comes from, as ``info`` says.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + '.part')
    info = {'description': f'written by mmgreen from {source}'}
    new.write_text(
        json.dumps({'info': info, **content}, indent=1, ensure_ascii=False) + '\n', encoding='utf-8'
    )
    read_annotations(str(new))
    os.replace(new, path)


def split_names(
    names: Sequence[str], val_fraction: float, seed: int
) -> tuple[list[str], list[str]]:
    """Names for training and for validation, each sorted.

    Drawn by a hash of seed and name, so that a set to which images are added keeps nearly all of
    its validation.

    Args:
        names: of images.
        val_fraction: of them for validation, from 0 up to below 1.
        seed: another one, another division.

    Raises:
        InputError: if one of the two would be left without an image that it should have.
    """
    if not 0 <= val_fraction < 1:
        raise InputError(f'--val-fraction is {val_fraction}; give a number from 0 to below 1.')
    num_val = round(val_fraction * len(names))
    if val_fraction and not 0 < num_val < len(names):
        raise InputError(
            f'{val_fraction} of {len(names)} images are {num_val}: too few images to be divided; '
            'give another --val-fraction, cut large images into tiles first, or give 0.'
        )
    drawn = sorted(names, key=lambda name: hashlib.sha256(f'{seed}/{name}'.encode()).digest())
    return sorted(drawn[num_val:]), sorted(drawn[:num_val])
