"""What tools/dataset_converters/make_survey_data.py does: tree crowns as a set to train on.

The images and boxes are those that the wheel of deepforest 2.1.0 carries (MIT, Weecology): aerial
photographs of the National Ecological Observatory Network, 10 cm a pixel, crowns drawn by hand.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mmgreen.datasets.conversion.cutting import (
    Parts,
    Tiles,
    cut_all,
    describe_tiles,
    parts_by_purpose,
    refuse_a_folder_that_is_there,
    write_picture,
)
from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.reading import check_as_training_does
from mmgreen.datasets.conversion.records import LabelledImage, area_of, number_objects, tidy
from mmgreen.datasets.conversion.summary import describe_images, describe_left_out
from mmgreen.datasets.conversion.tiling import (
    LEAST_PART,
    Grid,
    even_size,
    parts_for_training,
)
from mmgreen.datasets.conversion.voc import read_voc_file
from mmgreen.datasets.conversion.writing import coco_content, write_coco
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError, MissingFileError

VERSION = '2.1.0'
SHA256 = '8c2798d8e9be7f0004b194fe207b76c1d9fff6e711b3db67b9508dcd5d00ae54'
CLASSES = ('Tree',)
"""SOAP_061 has dead and living ones told apart; the others have not."""
INSIDE = 'deepforest/data/'
PART = 'part'
"""The folder of a set that is being written, so that there is all of one or nothing."""


class Photograph(NamedTuple):
    """A picture of the wheel with its boxes, or some of its columns, all rows of them."""

    stem: str
    left: int = 0
    right: int | None = None
    """Behind the last column; None: all."""


SITE = '2019_YELL_2_528000_4978000_image_crop2'
LABELLED = {
    'train': (Photograph(SITE, right=1800),),
    'val': (Photograph(SITE, left=1900),),
    'val_other_site': (Photograph('2019_YELL_2_541000_4977000_image_crop'),),
    'final': (Photograph('OSBS_029'), Photograph('SOAP_061')),
}
"""Between train and val lies a margin as wide as the largest crown. The other site has other light
and is harder. Final is for the last table of all, and in nothing else; OSBS_029.tif is the same
picture."""
WITHOUT_BOXES = ('SOAP_031.png', 'AWPE Pigeon Lake 2020 DJI_0005.JPG')
TILE = 400
"""About so many pixels have the sides of a tile: ten crowns."""
OVERLAPS = {'train': 0.0, 'val': 0.2, 'val_other_site': 0.2, 'final': 0.0, 'unlabelled': 0.25}
"""Of training tiles none, so that no tree is labelled twice; of validation two crowns, so that each
is whole in one tile; of the unlabelled enough for crops that lie across seams."""


def make_survey_data(out_dir: str, wheel: str | None = None) -> list[str]:
    """Writes ``{train,val,val_other_site,final}``, folders and COCO files, and ``unlabelled/``.

    ``train`` is the west of site 528000 in tiles without overlap, ``val`` its east,
    ``val_other_site`` site 541000, ``final`` two further sites as they are. ``unlabelled`` has all
    pixels of ``train`` and of the images without boxes, and none of the others.

    Args:
        out_dir: for the set; must not hold one.
        wheel: of deepforest 2.1.0, where it is at hand; else pip downloads it.

    Returns:
        Lines that say what was written, in objects. All of it is, or nothing.

    Raises:
        InputError: if the wheel cannot be had, is another one, or the set is there already.
    """
    out = Path(out_dir)
    for name in (*LABELLED, 'unlabelled'):
        refuse_a_folder_that_is_there(out / name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(wheel) if wheel else download_wheel(Path(folder))
        check_wheel(path)
        unpack(path, Path(folder) / 'data')
        part = out / PART
        shutil.rmtree(part, ignore_errors=True)  # of an earlier run that was broken off
        lines = write_survey(Path(folder) / 'data', part)
        for each in part.iterdir():
            each.replace(out / each.name)
        part.rmdir()
    return lines


def write_survey(source: Path, out: Path) -> list[str]:
    """The set from the unpacked files of the wheel."""
    index = ImageIndex(str(source))
    lines, photographs = [], {}
    for split in LABELLED:
        photographs[split] = read_split(source, index, split)
        lines += _write_split(source, out, split, photographs[split])
    pretrained = [image._replace(objects=()) for image in photographs['train']]
    pretrained += [LabelledImage(name, *index.size_of(name)[:2]) for name in WITHOUT_BOXES]
    tiles = _cut(source, pretrained, out / 'unlabelled')
    lines.append(f'unlabelled: {len(tiles.images)} tiles of {len(pretrained)} images')
    return [*lines, 'images and boxes: deepforest 2.1.0, MIT licence, Weecology; NEON']


def read_split(source: Path, index: ImageIndex, split: str) -> list[LabelledImage]:
    """The photographs of a split, or their columns, with all that is labelled in them."""
    photographs = LABELLED[split]
    read = [_as_trees(read_voc_file(f'{each.stem}.xml', index)) for each in photographs]
    images = number_objects(read)
    check_as_training_does(images, str(source))
    return [
        _columns(source, tidy(image), photograph.left, photograph.right or image.width)
        for image, photograph in zip(images, photographs, strict=True)
    ]


def _as_trees(image: LabelledImage) -> LabelledImage:
    return image._replace(objects=tuple(each._replace(category='Tree') for each in image.objects))


def _columns(source: Path, image: LabelledImage, left: int, right: int) -> LabelledImage:
    """Some columns of a picture as a picture of its own, written beside it, with its objects.

    Of an object at the border less than ``LEAST_PART`` is a region that is ignored.
    """
    if (left, right) == (0, image.width):
        return image
    name = f'{Path(image.file_name).stem}_columns_{left}_{right}.png'
    write_picture(source / name, read_pixels(str(source / image.file_name))[:, left:right])
    areas = {each.source_id: area_of(each) for each in image.objects}
    grid = Grid((left,), (0,), right - left, image.height)
    ((_, parts),) = parts_for_training(image, grid, least_part=0).items()
    objects = [
        each._replace(iscrowd=area_of(each) < LEAST_PART * areas[each.source_id]) for each in parts
    ]
    return LabelledImage(name, right - left, image.height, tuple(objects))


def _write_split(source: Path, out: Path, split: str, images: Sequence[LabelledImage]) -> list[str]:
    purpose = 'train' if split == 'train' else 'val'
    tiles = _cut(source, images, out / split, parts=parts_by_purpose(purpose))
    path = out / f'{split}.json'
    content = coco_content(tiles.images, CLASSES, tiles.notes)
    write_coco(path, content, f'deepforest {VERSION} (MIT)')
    return [
        describe_images(path.name, tiles.images, CLASSES),
        *(f'  {line}' for line in describe_tiles(tiles, purpose)),
        *(f'  {line}' for line in describe_left_out(images)),
    ]


def _cut(source: Path, images: Sequence[LabelledImage], folder: Path, **how: Parts) -> Tiles:
    size = partial(even_size, about=TILE)
    overlap = OVERLAPS[folder.name]
    return cut_all(str(source), images, folder, size, overlap, ending='png', **how)


def download_wheel(folder: Path) -> Path:
    """The wheel from PyPI, by this Python's own pip, without what deepforest depends on.

    Raises:
        InputError: if pip cannot get it.
    """
    command = [sys.executable, '-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:']
    done = subprocess.run(
        [*command, '--quiet', '--dest', str(folder), f'deepforest=={VERSION}'],
        capture_output=True,
        text=True,
    )
    wheels = list(folder.glob('deepforest-*.whl'))
    if done.returncode or not wheels:
        reason = (done.stderr.strip() or 'no wheel came').splitlines()[-1]
        raise InputError(
            f'pip could not download deepforest {VERSION} ({reason}); get the wheel from '
            f'https://pypi.org/project/deepforest/{VERSION}/#files and give it with --wheel.'
        )
    return wheels[0]


def check_wheel(path: Path) -> None:
    """Refuses another file than the wheel whose images and boxes are known.

    Raises:
        InputError: if it is missing or another.
    """
    if not path.is_file():
        raise MissingFileError(f'There is no file {path}; give the wheel of deepforest {VERSION}.')
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise InputError(
            f'{path} has the sha256 {found}, the wheel of deepforest {VERSION} has {SHA256}: give '
            'that one, or leave --wheel out.'
        )


def unpack(wheel: Path, folder: Path) -> None:
    """Writes the data that the wheel carries into a folder, flat."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(INSIDE) and not name.endswith(('/', '.py')):
                (folder / PurePosixPath(name).name).write_bytes(archive.read(name))
