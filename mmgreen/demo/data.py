"""A small COCO-format set for the demo and the tests, made from photographs that packages carry.

Pretraining uses its images, detection its boxes and instance masks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from mmgreen.demo.listing import check_folder, earlier_settings, write_json, write_listing
from mmgreen.demo.photographs import LICENCES, Photograph, load_photograph, photographs_of
from mmgreen.demo.scenes import CATEGORIES, MIN_SIZE, DrawnObject, draw_scene
from mmgreen.errors import InputError, MissingPackageError

# Split: which photographs it is drawn over. Its place in this table enters the seed of its images.
SPLITS = {'train': 'train', 'val': 'val', 'train_new': 'train'}
MADE_BY = 'mmgreen.demo_data'
CHANGES = 'cropped, resized, some mirrored or coloured, objects drawn over them'


class DemoData(NamedTuple):
    """What was written.

    Attributes:
        root: the folder that holds ``<split>/*.jpg``, ``annotations/<split>.json`` and
            ``photographs.json``.
        num_images: images by split, in the order written; a split of none is not there.
        num_objects: annotated objects by split.
    """

    root: Path
    num_images: dict[str, int]
    num_objects: dict[str, int]


def make_demo_data(
    out_dir: str | Path,
    num_train: int = 400,
    num_val: int = 60,
    num_train_new: int = 0,
    image_size: int | tuple[int, int] = 160,
    seed: int = 0,
    overwrite: bool = False,
    grey: bool = False,
) -> DemoData:
    """Writes balls, rings, stars and tiles drawn over crops of photographs.

    ``val`` shares no photograph with ``train``. ``train_new`` holds other images over the
    photographs of ``train``: what pretraining has seen, in views that it has not.

    An image follows from the seed, the size, its split and its number alone, however many there
    are: to the byte, on one machine with the same versions of numpy, Pillow and the packages that
    carry the photographs. A set with the same settings is written again.

    Args:
        out_dir: a folder that is new, empty, or was written by this function.
        num_train: images in ``train``, at least 1.
        num_val: images in ``val``; 0 leaves the split out.
        num_train_new: images in ``train_new``; 0 leaves the split out.
        image_size: height and width in pixels, or one number for both; each at least 64.
        seed: at least 0.
        overwrite: replace a set that was made with other settings. Its own files are removed;
            anything else in the folder stays.
        grey: scenes without colours, of which what is hidden follows from the rest better; see
            :func:`mmgreen.demo.scenes.draw_scene`.

    Raises:
        ValueError: if an argument is out of range.
        FileExistsError: if the folder holds other things, or a set made with other settings.
        ModuleNotFoundError: if a package that is needed is not installed.
    """
    root = Path(out_dir)
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    counts = {'train': num_train, 'val': num_val, 'train_new': num_train_new}
    _check_arguments(counts, size, seed)
    counts = {split: count for split, count in counts.items() if count}
    settings = {'num_images': counts, 'image_size': list(size), 'seed': seed, 'grey': grey}
    earlier = earlier_settings(root, MADE_BY)
    check_folder(root, earlier, settings, overwrite)
    _check_pycocotools()
    sources = {
        photograph: load_photograph(photograph)
        for split, count in counts.items()
        for photograph in photographs_of(SPLITS[split])[:count]
    }
    if earlier is not None and earlier != settings:
        _remove_set(root, earlier)
    # The listing comes first, so that a run that was interrupted can be repeated.
    write_listing(root, MADE_BY, settings, CHANGES, _shown(counts))
    num_objects = {
        split: _write_split(root, split, count, settings, sources)
        for split, count in counts.items()
    }
    return DemoData(root, counts, num_objects)


def _check_arguments(counts: dict[str, int], size: tuple[int, ...], seed: int) -> None:
    if counts['train'] < 1:
        raise InputError(f'num_train must be at least 1, got {counts["train"]}.')
    for split, count in counts.items():
        if count < 0:
            raise InputError(f'num_{split} must be at least 0, got {count}.')
    if len(size) != 2 or min(size) < MIN_SIZE:
        raise InputError(
            f'image_size must be a height and a width of at least {MIN_SIZE} px, got {size}.'
        )
    if seed < 0:
        raise InputError(f'seed must be at least 0, got {seed}.')


def _check_pycocotools() -> None:
    if importlib.util.find_spec('pycocotools') is None:
        raise MissingPackageError(
            'pycocotools is not installed, and the demo data needs it to encode instance masks: '
            'pip install pycocotools.'
        )


def _remove_set(root: Path, settings: dict[str, Any]) -> None:
    """Removes the files of a set, and its folders where nothing else lies in them."""
    for split in SPLITS:
        for number in range(1, settings['num_images'].get(split, 0) + 1):
            (root / split / _file_name(number)).unlink(missing_ok=True)
        (root / 'annotations' / f'{split}.json').unlink(missing_ok=True)
    for folder in (*(root / split for split in SPLITS), root / 'annotations'):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _photograph_of(split: str, number: int) -> Photograph:
    photographs = photographs_of(SPLITS[split])
    return photographs[(number - 1) % len(photographs)]


def _file_name(number: int) -> str:
    return f'{number:06d}.jpg'


def _shown(counts: dict[str, int]) -> dict[str, dict[str, str]]:
    """Which image shows which photograph, by split."""
    return {
        split: {
            _file_name(number): _photograph_of(split, number).file for number in range(1, count + 1)
        }
        for split, count in counts.items()
    }


def _write_split(
    root: Path,
    split: str,
    count: int,
    settings: dict[str, Any],
    sources: dict[Photograph, Image.Image],
) -> int:
    """Writes the images of a split and its annotations; returns how many objects it has."""
    size, seed = tuple(settings['image_size']), settings['seed']
    (root / split).mkdir(parents=True, exist_ok=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        photograph = _photograph_of(split, number)
        rng = np.random.default_rng((seed, list(SPLITS).index(split), number))
        scene = draw_scene(sources[photograph], size, rng, settings['grey'])
        Image.fromarray(scene.image).save(root / split / _file_name(number), quality=92)
        images.append(
            {
                'id': number,
                'file_name': _file_name(number),
                'height': size[0],
                'width': size[1],
                'license': _id_of(photograph.licence, LICENCES),
            }
        )
        for drawn in scene.objects:
            annotations.append(_annotation(drawn, len(annotations) + 1, number))
    content = {
        'info': {'description': f'mmgreen demo data, split {split}, seed {seed}'},
        'licenses': [
            {'id': _id_of(name, LICENCES), 'name': name, 'url': url}
            for name, url in LICENCES.items()
        ],
        'categories': [{'id': _id_of(name, CATEGORIES), 'name': name} for name in CATEGORIES],
        'images': images,
        'annotations': annotations,
    }
    write_json(root / 'annotations' / f'{split}.json', content)
    return len(annotations)


def _annotation(drawn: DrawnObject, number: int, image: int) -> dict[str, Any]:
    """The COCO annotation of what is seen of an object, its mask run-length encoded.

    Not polygons: those cannot hold a ring's hole, and would not have exactly the mask's pixels.
    """
    from pycocotools import mask as coding

    encoded = coding.encode(np.asfortranarray(drawn.visible, np.uint8))
    return {
        'id': number,
        'image_id': image,
        'category_id': _id_of(drawn.category, CATEGORIES),
        'bbox': coding.toBbox(encoded).tolist(),
        'area': int(coding.area(encoded)),
        'segmentation': {'size': encoded['size'], 'counts': encoded['counts'].decode('ascii')},
        'iscrowd': 0,
    }


def _id_of(name: str, names: Iterable[str]) -> int:
    """COCO's ids count from 1."""
    return list(names).index(name) + 1
