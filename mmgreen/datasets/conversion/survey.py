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

from mmgreen.datasets.conversion.cutting import (
    Parts,
    Tiles,
    cut_all,
    describe_tiles,
    parts_by_purpose,
    refuse_a_folder_that_is_there,
)
from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.reading import check_as_training_does
from mmgreen.datasets.conversion.records import LabelledImage, number_objects, tidy
from mmgreen.datasets.conversion.summary import describe_images, describe_left_out
from mmgreen.datasets.conversion.tiling import even_size
from mmgreen.datasets.conversion.voc import read_voc_file
from mmgreen.datasets.conversion.writing import coco_content, write_coco
from mmgreen.errors import InputError, MissingFileError

VERSION = '2.1.0'
SHA256 = '8c2798d8e9be7f0004b194fe207b76c1d9fff6e711b3db67b9508dcd5d00ae54'
CLASSES = ('Tree',)
"""SOAP_061 has dead and living ones told apart; the others have not."""
INSIDE = 'deepforest/data/'
PART = 'part'
"""The folder of a set that is being written, so that there is all of one or nothing."""
LABELLED = {
    'train': ('2019_YELL_2_528000_4978000_image_crop2',),
    'val': ('2019_YELL_2_541000_4977000_image_crop',),
    'final': ('OSBS_029', 'SOAP_061'),
}
"""Final is for the last table of all, and in nothing else; OSBS_029.tif is the same picture."""
WITHOUT_BOXES = ('SOAP_031.png', 'AWPE Pigeon Lake 2020 DJI_0005.JPG')
TILE = 400
"""About so many pixels have the sides of a tile: ten crowns."""
OVERLAPS = {'train': 0.0, 'val': 0.2, 'final': 0.0, 'unlabelled': 0.25}
"""Of training tiles none, so that no tree is labelled twice; of validation two crowns, so that each
is whole in one tile; of the unlabelled enough for crops that lie across seams."""


def make_survey_data(out_dir: str, wheel: str | None = None) -> list[str]:
    """Writes ``{train,val,unlabelled,final}/`` and ``{train,val,final}.json``.

    ``train`` is site 528000 in tiles without overlap, ``val`` site 541000, ``final`` two further
    sites as they are. ``unlabelled`` has all pixels of ``train`` and of the images without boxes,
    and none of ``val`` and ``final``.

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
    lines = []
    for split, stems in LABELLED.items():
        images = number_objects([_as_trees(read_voc_file(f'{stem}.xml', index)) for stem in stems])
        check_as_training_does(images, str(source))
        lines += _write_split(source, out, split, [tidy(image) for image in images])
    names = (*(f'{stem}.png' for stem in LABELLED['train']), *WITHOUT_BOXES)
    images = [LabelledImage(name, *index.size_of(name)[:2]) for name in names]
    tiles = _cut(source, images, out / 'unlabelled')
    lines.append(f'unlabelled: {len(tiles.images)} tiles of {len(images)} images')
    return [*lines, 'images and boxes: deepforest 2.1.0, MIT licence, Weecology; NEON']


def _as_trees(image: LabelledImage) -> LabelledImage:
    return image._replace(objects=tuple(each._replace(category='Tree') for each in image.objects))


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
