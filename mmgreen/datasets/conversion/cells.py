"""What tools/dataset_converters/make_cell_data.py does: blood cells as a set to train on."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

import cv2
from rich.progress import track

from mmgreen.datasets.conversion.cutting import refuse_a_folder_that_is_there, write_picture
from mmgreen.datasets.conversion.reading import read_folder
from mmgreen.datasets.conversion.records import LabelledImage
from mmgreen.datasets.conversion.scaling import scale_image
from mmgreen.datasets.conversion.summary import describe_images, describe_left_out
from mmgreen.datasets.conversion.writing import coco_content, write_coco
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError, MissingFileError

CLASSES = ('RBC', 'WBC', 'Platelets')
SPLITS = {'train': ('train', 'val'), 'test': ('test',)}
"""BCCD's validation is trained on: it has too few images to choose by."""


def make_cell_data(bccd: str, out_dir: str, scale: float = 0.5) -> list[str]:
    """Writes ``train/``, ``test/``, ``train.json`` and ``test.json`` from a clone of BCCD.

    Args:
        bccd: the clone, or its folder ``BCCD``.
        out_dir: for the set; must not hold one.
        scale: of the images' sides.

    Returns:
        Lines that say what was written and left out.

    Raises:
        InputError: if the folder is not BCCD, or the set is there already.
    """
    if not 0 < scale <= 1:
        raise InputError(f'--scale is {scale}; give a number above 0 and up to 1.')
    root = _root_of(bccd)
    found = {image.file_name: image for image in read_folder(root, 'voc', classes=CLASSES).images}
    by_stem = {PurePosixPath(name).stem: image for name, image in found.items()}
    lines = []
    for split, lists in SPLITS.items():
        stems = sorted(stem for each in lists for stem in _read_list(root, each))
        images = [_scaled(by_stem[stem], scale) for stem in stems]
        _write_images(root, [by_stem[stem] for stem in stems], Path(out_dir) / split, scale)
        path = Path(out_dir) / f'{split}.json'
        write_coco(path, coco_content(images, CLASSES), 'BCCD (MIT)')
        lines += [describe_images(str(path), images, CLASSES), *describe_left_out(images)]
    return lines


def _root_of(bccd: str) -> str:
    for folder in (bccd, os.path.join(bccd, 'BCCD')):
        if os.path.isdir(os.path.join(folder, 'ImageSets')):
            return folder
    raise MissingFileError(
        f'{bccd} has no ImageSets: give a clone of BCCD '
        '(git clone https://github.com/Shenggan/BCCD_Dataset).'
    )


def _read_list(root: str, name: str) -> list[str]:
    path = Path(root) / 'ImageSets' / 'Main' / f'{name}.txt'
    if not path.is_file():
        raise MissingFileError(f'There is no list {path}; give a whole clone of BCCD.')
    return path.read_text(encoding='utf-8').split()


def _scaled(image: LabelledImage, scale: float) -> LabelledImage:
    name = f'{PurePosixPath(image.file_name).stem}.jpg'
    return scale_image(image, *_size_of(image, scale))._replace(file_name=name)


def _size_of(image: LabelledImage, scale: float) -> tuple[int, int]:
    return round(image.width * scale), round(image.height * scale)


def _write_images(root: str, images: list[LabelledImage], folder: Path, scale: float) -> None:
    refuse_a_folder_that_is_there(folder)
    for image in track(
        images, f'Writing {folder}', transient=True, disable=not sys.stdout.isatty()
    ):
        pixels = read_pixels(os.path.join(root, image.file_name))
        small = cv2.resize(pixels, _size_of(image, scale), interpolation=cv2.INTER_AREA)
        write_picture(folder / f'{PurePosixPath(image.file_name).stem}.jpg', small)
