"""What tools/dataset_converters/tile_images.py does: images are cut, written and listed."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np
from rich.progress import track

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.reading import read_folder
from mmgreen.datasets.conversion.records import (
    Complaint,
    LabelledImage,
    LabelledObject,
    all_complaints,
)
from mmgreen.datasets.conversion.summary import describe_folder, describe_images
from mmgreen.datasets.conversion.tiling import (
    LEAST_PART,
    Grid,
    Tile,
    parts_for_scoring,
    parts_for_training,
    plan_grid,
)
from mmgreen.datasets.conversion.writing import coco_content, write_coco
from mmgreen.datasets.errors import DataError, UnreadableImageError
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError

PURPOSES = ('train', 'val', 'unlabelled')
MAX_MEGAPIXELS = 2000.0
"""Of an image to be cut: 6 GB of memory. A training reads no more than 178."""
JPEG_QUALITY = 95


class Tiles(NamedTuple):
    """What was written.

    Attributes:
        images: one record a tile, with ``source_id`` in its objects.
        notes: for each file name, its source and where in it the tile lies, ``x`` and ``y``.
        num_images: that were cut.
        num_empty: tiles without objects that were not written.
        num_objects: of the images that were cut, crowds not counted.
        num_without: of these, how many have no part in any tile that is large enough.
        num_cut: of these, how many are larger than what their largest part holds of them.
        unreadable: images that were skipped.
    """

    images: tuple[LabelledImage, ...]
    notes: dict[str, dict[str, Any]]
    num_images: int
    num_empty: int
    num_objects: int
    num_without: int
    num_cut: int
    unreadable: tuple[Complaint, ...] = ()


def tile_images(
    folder: str,
    out_dir: str,
    purpose: str,
    style: str | None = None,
    annotations: str | None = None,
    size: tuple[int, int] = (640, 640),
    overlap: float = 0.2,
    least_part: float = LEAST_PART,
    keep_empty: bool = False,
    ending: str | None = None,
    classes: Sequence[str] = (),
    background: bool = False,
    skip_broken: bool = False,
) -> list[str]:
    """Writes ``<purpose>/`` with tiles, and ``<purpose>.json`` with their objects.

    Args:
        folder: of large images.
        out_dir: for folder and file.
        purpose: 'train': a part of an object is an object; 'val': each object is one once;
            'unlabelled': no objects, no file.
        style: format of the annotations, as ``read_folder`` has it.
        annotations: the file, for ``coco`` and ``csv``.
        size: width and height of a tile in pixels.
        overlap: of neighbours, as a share of a tile.
        least_part: of an object's area, for a part of it to be an object of the training.
        keep_empty: whether training tiles without objects are written.
        ending: 'png' or 'jpg'; by default JPEG where the image is one, else PNG.
        classes: those wanted, in their order; by default all.
        background: whether images without annotation file are images without objects.
        skip_broken: whether files with something wrong are left aside.

    Returns:
        Lines that say what was written, in objects.

    Raises:
        InputError: if something has to be mended; then nothing is written.
    """
    if purpose not in PURPOSES:
        raise InputError(f'There are no tiles for {purpose!r}; give one of {", ".join(PURPOSES)}.')
    plan_grid((1, 1), size, overlap)
    if purpose == 'unlabelled':
        return _tile_unlabelled(folder, Path(out_dir) / purpose, size, overlap, ending)
    if style is None:
        raise InputError(f'Tiles for {purpose} need annotations; name their format with --from.')
    found = read_folder(folder, style, annotations, classes, background, skip_broken)
    tiles = cut_all(
        folder,
        found.images,
        Path(out_dir) / purpose,
        size,
        overlap,
        ending,
        parts=parts_by_purpose(purpose, least_part),
        keep_empty=keep_empty or purpose == 'val',
        skip_broken=skip_broken,
    )
    path = Path(out_dir) / f'{purpose}.json'
    write_coco(path, coco_content(tiles.images, found.classes, tiles.notes), folder)
    return [
        describe_images(str(path), tiles.images, found.classes),
        *describe_tiles(tiles, purpose, least_part),
        *describe_folder(found._replace(complaints=found.complaints + tiles.unreadable)),
    ]


def _tile_unlabelled(
    folder: str, out_dir: Path, size: tuple[int, int], overlap: float, ending: str | None
) -> list[str]:
    index = ImageIndex(folder)
    readable = {name: size for name, size in index.sizes.items() if size}
    images = [LabelledImage(name, *size[:2]) for name, size in readable.items()]
    tiles = cut_all(folder, images, out_dir, size, overlap, ending, skip_broken=True)
    broken = [name for name in index.sizes if name not in readable]
    broken += [each.file_name for each in tiles.unreadable]
    return [
        f'{out_dir}: {len(tiles.images)} tiles of {tiles.num_images} images',
        *(f'  {name} cannot be read and is left out' for name in broken),
    ]


Parts = Callable[[LabelledImage, Grid], Mapping[Tile, list[LabelledObject]]]


def parts_by_purpose(purpose: str, least_part: float = LEAST_PART) -> Parts:
    """Which part of which object a tile gets."""
    if purpose == 'val':
        return parts_for_scoring
    return lambda image, grid: parts_for_training(image, grid, least_part)


def cut_all(
    folder: str,
    images: Sequence[LabelledImage],
    out_dir: Path,
    size: tuple[int, int] | Callable[[tuple[int, int]], tuple[int, int]],
    overlap: float,
    ending: str | None = None,
    parts: Parts = parts_for_training,
    keep_empty: bool = True,
    skip_broken: bool = False,
) -> Tiles:
    """Cuts images into tiles, one image after the other.

    Args:
        folder: to which file names are relative.
        images: what is to be cut.
        out_dir: for the tiles, with the folders of the images; must not be there.
        size: width and height of a tile; or what gives them for those of an image.
        overlap: of neighbours, as a share of a tile.
        ending: 'png' or 'jpg'; None: as the image.
        parts: which part of which object a tile gets.
        keep_empty: whether tiles without objects are written.
        skip_broken: whether images that cannot be read are left out.

    Raises:
        InputError: if ``out_dir`` is there, or names all images that cannot be read; then nothing
            is left of it.
    """
    refuse_a_folder_that_is_there(out_dir)
    part_dir = out_dir.with_name(out_dir.name + '.part')  # of an earlier run that was broken off
    shutil.rmtree(part_dir, ignore_errors=True)
    part_dir.mkdir(parents=True)
    stems = unique_stems([image.file_name for image in images])
    written: list[LabelledImage] = []
    notes, num_tiles, unreadable = {}, 0, {}
    for image in track(images, 'Cutting', transient=True, disable=not sys.stdout.isatty()):
        image_size = (image.width, image.height)
        grid = plan_grid(image_size, size(image_size) if callable(size) else size, overlap)
        by_tile = parts(image, grid)
        kept = {
            tile: objects
            for tile, objects in by_tile.items()
            if keep_empty or any(not each.iscrowd for each in objects)
        }
        stem, last = stems[image.file_name], ending or _ending_of(image.file_name)
        names = {tile: f'{stem}_{tile.x}_{tile.y}.{last}' for tile in kept}
        try:
            _write_tiles(os.path.join(folder, image.file_name), part_dir, names)
        except UnreadableImageError as error:
            unreadable[image.file_name] = Complaint(image.file_name, f'it cannot be read: {error}')
            continue
        num_tiles += len(by_tile)
        for tile, name in names.items():
            written.append(LabelledImage(name, tile.width, tile.height, tuple(kept[tile])))
            notes[name] = {'source': image.file_name, 'x': tile.x, 'y': tile.y}
    if unreadable and not skip_broken:
        shutil.rmtree(part_dir)
        raise DataError(all_complaints(list(unreadable.values()), folder))
    os.replace(part_dir, out_dir)
    cut = [image for image in images if image.file_name not in unreadable]
    tiles = _counted(cut, written, notes, num_tiles)
    return tiles._replace(unreadable=tuple(unreadable.values()))


def refuse_a_folder_that_is_there(folder: Path) -> None:
    """Tiles of two runs in one folder would be trained on together.

    Raises:
        InputError: if it is there.
    """
    if folder.exists():
        raise InputError(f'{folder} is there already: take it away, or name another folder.')


def unique_stems(file_names: Iterable[str]) -> dict[str, str]:
    """For each file its name without ending; with ending where two would have the same."""
    names = list(file_names)
    stems = {name: str(PurePosixPath(name).with_suffix('')) for name in names}
    counts = Counter(stem.casefold() for stem in stems.values())
    return {name: stem if counts[stem.casefold()] == 1 else name for name, stem in stems.items()}


def describe_tiles(tiles: Tiles, purpose: str, least_part: float = LEAST_PART) -> list[str]:
    """What became of the objects of the images."""
    objects = [each for image in tiles.images for each in image.objects]
    crowds = sum(each.iscrowd for each in objects)
    lines = [
        f'cut {tiles.num_images} images with {tiles.num_objects} objects into {len(tiles.images)} '
        f'tiles with {len(objects) - crowds} objects and {crowds} regions that are ignored'
    ]
    if tiles.num_empty:
        lines.append(f'{tiles.num_empty} tiles without objects not written (--keep-empty)')
    if tiles.num_without:
        lines.append(
            f'{tiles.num_without} objects have no part of {least_part:.0%} in any tile and are not '
            'learned: raise --overlap or --size'
        )
    if tiles.num_cut:
        lines.append(
            f'{tiles.num_cut} objects are whole in no tile'
            + (' and are scored by what their tile holds' if purpose == 'val' else '')
            + ': raise --overlap or --size if there are many'
        )
    return lines


def _write_tiles(path: str, folder: Path, names: Mapping[Tile, str]) -> None:
    if names:  # else the image need not be read
        pixels = read_pixels(path, MAX_MEGAPIXELS)
    for tile, name in names.items():
        left, top, right, bottom = tile.corners
        write_picture(folder / name, pixels[top:bottom, left:right])


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Writes (H, W, 3) uint8, blue first, as the ending says.

    Raises:
        InputError: if it could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise InputError(f'{path} could not be written: is there space, and may you write there?')


def _ending_of(file_name: str) -> str:
    return 'jpg' if file_name.lower().endswith(('.jpg', '.jpeg', '.jfif')) else 'png'


def _counted(
    images: Sequence[LabelledImage],
    written: Sequence[LabelledImage],
    notes: dict[str, dict[str, Any]],
    num_tiles: int,
) -> Tiles:
    """The record of all tiles; each object is counted by the largest of its parts."""
    objects = [each for image in images for each in image.objects if not each.iscrowd]
    largest: dict[int, float] = {}
    for image in written:
        for each in image.objects:
            if not each.iscrowd:
                size = each.box[2] * each.box[3]
                largest[each.source_id] = max(size, largest.get(each.source_id, 0.0))
    found = [each for each in objects if each.source_id in largest]
    cut = [
        each
        for each in found
        if largest[each.source_id] < 0.999 * each.box[2] * each.box[3]  # as floats go
    ]
    return Tiles(
        images=tuple(written),
        notes=notes,
        num_images=len(images),
        num_empty=num_tiles - len(written),
        num_objects=len(objects),
        num_without=len(objects) - len(found),
        num_cut=len(cut),
    )
