"""What tools/dataset_converters/to_coco.py does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mmgreen.datasets.conversion.reading import read_folder
from mmgreen.datasets.conversion.summary import (
    describe_folder,
    describe_images,
    objects_by_class,
    values_for_a_config,
)
from mmgreen.datasets.conversion.writing import coco_content, split_names, write_coco


def convert_to_coco(
    folder: str,
    out_dir: str,
    style: str,
    val_fraction: float = 0.2,
    seed: int = 0,
    annotations: str | None = None,
    classes: Sequence[str] = (),
    background: bool = False,
    skip_broken: bool = False,
) -> list[str]:
    """Writes ``train.json`` and ``val.json``, whose file names are relative to ``folder``.

    Args:
        folder: of images and annotation files.
        out_dir: for the two files.
        style: 'coco', 'csv', 'labelme', 'voc' or 'yolo'.
        val_fraction: of the images, for validation; 0: no ``val.json``.
        seed: of the division.
        annotations: the file, for ``coco`` and ``csv``.
        classes: those wanted, in their order; by default all.
        background: whether images without annotation file are images without objects.
        skip_broken: whether files with something wrong are left aside.

    Returns:
        Lines that say what was written, what was left out and what to do next.

    Raises:
        InputError: if something has to be mended; then nothing is written.
    """
    found = read_folder(folder, style, annotations, classes, background, skip_broken)
    by_name = {image.file_name: image for image in found.images}
    train, val = split_names(list(by_name), val_fraction, seed)
    splits = {'train': [by_name[name] for name in train], 'val': [by_name[name] for name in val]}
    splits = {split: images for split, images in splits.items() if images}
    lines = []
    for split, images in splits.items():
        path = Path(out_dir) / f'{split}.json'
        write_coco(path, coco_content(images, found.classes), folder)
        lines.append(describe_images(str(path), images, found.classes))
        counts = objects_by_class(images)
        lines += [f'  no {name} in {split}' for name in found.classes if not counts[name]]
    lines += describe_folder(found)
    prefixes = dict.fromkeys(splits, os.path.abspath(folder))
    return lines + values_for_a_config(Path(out_dir), prefixes, found.classes, splits['train'])
