"""A folder of annotations in any format, read and looked through as a training would."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PIL import Image

from mmgreen.datasets.conversion.coco_file import read_coco
from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.labelme import read_labelme
from mmgreen.datasets.conversion.records import (
    Complaint,
    LabelledImage,
    LeftOut,
    all_complaints,
    number_objects,
    tidy,
)
from mmgreen.datasets.conversion.table import read_table
from mmgreen.datasets.conversion.voc import read_voc
from mmgreen.datasets.conversion.writing import coco_content
from mmgreen.datasets.conversion.yolo import read_yolo
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import other_files
from mmgreen.datasets.objects import check_boxes, check_masks
from mmgreen.datasets.read_image import ORIENTATION, any_size
from mmgreen.errors import InputError, MissingFileError

FORMATS = ('coco', 'csv', 'labelme', 'voc', 'yolo')
ENDINGS = {'coco': '.json', 'csv': '.csv', 'labelme': '.json', 'voc': '.xml', 'yolo': '.txt'}


class LabelledFolder(NamedTuple):
    """All images of a folder with what is labelled in them.

    Attributes:
        folder: to which file names are relative.
        classes: names, in the order that files written from here have.
        images: in order of their names.
        num_without_file: images about which no annotation file says anything; not in ``images``.
        num_turned: images that our reader turns or mirrors by their EXIF tag.
        complaints: of files that were skipped.
    """

    folder: str
    classes: tuple[str, ...]
    images: tuple[LabelledImage, ...]
    num_without_file: int = 0
    num_turned: int = 0
    complaints: tuple[Complaint, ...] = ()


def read_folder(
    folder: str,
    style: str,
    annotations: str | None = None,
    classes: Sequence[str] = (),
    background: bool = False,
    skip_broken: bool = False,
) -> LabelledFolder:
    """Reads annotations, tells all that is wrong with them at once, and leaves out what is no box.

    Args:
        folder: of images and annotation files, nested or flat.
        style: one of ``FORMATS``.
        annotations: the file, for ``coco`` and ``csv``; by default the only one in the folder.
        classes: those wanted, in their order; objects of others are left out. By default all, in
            the order of the format, or of the alphabet where it has none.
        background: whether images without annotation file are images without objects. By default
            they are not taken.
        skip_broken: whether files with something wrong are not taken, instead of refusing all.

    Raises:
        MissingFileError: if there is no folder, image or annotation file.
        DataError: everything that has to be mended.
    """
    if style not in FORMATS:
        raise InputError(f'There is no format {style!r}; give one of {", ".join(FORMATS)}.')
    index = ImageIndex(folder)
    order, found = _read(index, style, annotations)
    found = list(found)
    complaints = [each for each in found if isinstance(each, Complaint)]
    images = [each for each in found if isinstance(each, LabelledImage)]
    complaints += _listed_twice(images)
    if complaints and not skip_broken:
        raise DataError(all_complaints(complaints, folder))
    if complaints and background:
        raise InputError(
            '--skip-broken and --background do not go together: images of the broken files would '
            'be taken for images without objects; mend the files first.'
        )
    listed_twice = {each.file_name for each in complaints}
    images = [each for each in images if each.file_name not in listed_twice]
    with_file = {each.file_name for each in images}
    without_file = [name for name in index.sizes if name not in with_file]
    if not images:
        raise MissingFileError(
            f'{folder} has no file of {style} annotations (ending in {ENDINGS[style]}) that can be '
            'used; give another folder, or another format with --from.'
        )
    if background:
        sizes = {name: index.sizes[name] for name in without_file}
        images += [LabelledImage(name, *size[:2]) for name, size in sizes.items() if size]
        without_file = []
    images.sort(key=lambda each: each.file_name)
    check_as_training_does(number_objects(images), folder)
    return LabelledFolder(
        folder=folder,
        classes=_classes_of(images, order, classes),
        images=tuple(tidy(_only(each, classes)) for each in number_objects(images)),
        num_without_file=len(without_file),
        num_turned=count_turned(folder, [each.file_name for each in images]),
        complaints=tuple(complaints),
    )


def check_as_training_does(images: Sequence[LabelledImage], path: str) -> None:
    """The checks of boxes and masks with which a training begins.

    Raises:
        DataError: what they refuse.
    """
    classes = sorted({each.category for image in images for each in image.objects})
    content = coco_content(images, classes)
    check_boxes(content, path)
    entries = {each['id']: each for each in content['images']}
    outlined = [each for each in content['annotations'] if _has_mask(each)]
    check_masks([_as_mask(each, entries) for each in outlined], path)


def count_turned(folder: str, file_names: Iterable[str]) -> int:
    """How many pictures have an EXIF tag by which they are turned or mirrored."""
    count = 0
    for name in file_names:
        try:
            with any_size(), Image.open(os.path.join(folder, name)) as image:
                count += image.getexif().get(ORIENTATION, 1) not in (0, 1)
        except Exception:  # decoders raise anything; the reader says so when the image is wanted
            continue
    return count


def _read(
    index: ImageIndex, style: str, annotations: str | None
) -> tuple[list[str], Iterable[LabelledImage | Complaint]]:
    """Names in the order that the format has, if any, and records."""
    if style == 'voc':
        return [], read_voc(index)
    if style == 'labelme':
        return [], read_labelme(index)
    if style == 'yolo':
        return read_yolo(index)
    path = annotations or _only_file(index.folder, ENDINGS[style])
    if not os.path.isfile(path):
        raise MissingFileError(f'There is no file {path}; give another with --annotations.')
    return read_coco(index, path) if style == 'coco' else ([], read_table(index, path))


def _only_file(folder: str, ending: str) -> str:
    files = [name for name in other_files(folder) if name.lower().endswith(ending)]
    if len(files) != 1:
        raise MissingFileError(
            f'{folder} holds {len(files)} files ending in {ending}, not one; name the one to read '
            'with --annotations.'
        )
    return os.path.join(folder, files[0])


def _listed_twice(images: Sequence[LabelledImage]) -> list[Complaint]:
    counts = Counter(each.file_name for each in images)
    return [
        Complaint(name, f'{count} annotation files mean this picture; leave one')
        for name, count in counts.items()
        if count > 1
    ]


def _classes_of(
    images: Sequence[LabelledImage], order: Sequence[str], wanted: Sequence[str]
) -> tuple[str, ...]:
    found = {each.category for image in images for each in image.objects}
    absent = [name for name in wanted if name not in found and name not in order]
    if absent:
        raise DataError(
            f'No object is called {", ".join(absent)}; there are {", ".join(sorted(found))}: give '
            '--classes so.'
        )
    return tuple(wanted or order or sorted(found))


def _only(image: LabelledImage, classes: Sequence[str]) -> LabelledImage:
    if not classes:
        return image
    others = (each.category for each in image.objects if each.category not in classes)
    left_out = tuple(LeftOut(name, 'of a class not wanted') for name in others)
    wanted = tuple(each for each in image.objects if each.category in classes)
    return image._replace(objects=wanted, left_out=image.left_out + left_out)


def _has_mask(annotation: dict) -> bool:
    """Whether it has one to be looked at; what has no size is left out whatever its mask is."""
    return bool(annotation.get('segmentation')) and min(annotation['bbox'][2:]) > 0


def _as_mask(annotation: dict, images: dict) -> dict:
    """As the training's check wants an object: its box by corners, its mask and its image."""
    x, y, width, height = annotation['bbox']
    return {
        'bbox': [x, y, x + width, y + height],
        'mask': annotation['segmentation'],
        'image': images[annotation['image_id']],
        'ignore_flag': bool(annotation['iscrowd']),
    }
