"""The images of a folder, and which of them an annotation file means."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from itertools import takewhile
from pathlib import PurePosixPath

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import image_files
from mmgreen.datasets.read_image import Size, sizes_in_headers
from mmgreen.errors import MissingFileError

PARALLEL = ('images', 'labels', 'annotations', 'jpegimages', 'img', 'imgs', 'xml', 'xmls', 'json')
"""Folders that stand for one another: labels/a/1.txt belongs to images/a/1.jpg."""


class ImageIndex:
    """All images below a folder, with their sizes as our reader gives them.

    Args:
        folder: of the images, nested or flat.

    Attributes:
        folder: the same.
        sizes: by file name, relative to the folder and sorted; None where a header cannot be read.

    Raises:
        MissingFileError: if there is no such folder, or no image in it.
    """

    def __init__(self, folder: str) -> None:
        if not os.path.isdir(folder):
            raise MissingFileError(f'There is no folder {folder}; give the one of the images.')
        try:
            files = image_files(folder)
        except MissingFileError as error:
            raise MissingFileError(f'The folder {folder} holds no image; give another.') from error
        names = [os.path.relpath(file, folder).replace(os.sep, '/') for file in files]
        self.folder = folder
        self.sizes = dict(zip(names, sizes_in_headers(files), strict=True))
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self._by_name[_key(PurePosixPath(name).name)].append(name)
            self._by_stem[_key(PurePosixPath(name).stem)].append(name)

    def size_of(self, file_name: str) -> Size:
        """Width and height in pixels.

        Raises:
            DataError: if the header cannot be read.
        """
        size = self.sizes[file_name]
        if size is None:
            raise DataError(f'the picture {file_name} cannot be read')
        return size

    def find(self, name: str, annotation_file: str) -> str:
        """The image that an annotation file means.

        Looked for by name, then without its ending, then by the name of the annotation file: files
        are renamed and converted after they were labelled.

        Args:
            name: as the annotation file has it, with folders of any machine or without.
            annotation_file: relative to the folder.

        Raises:
            DataError: if there is none, or there are several and nothing tells them apart.
        """
        name = name.strip().replace('\\', '/')
        base = PurePosixPath(name)
        candidates = (
            self._by_name.get(_key(base.name))
            or self._by_stem.get(_key(base.name))
            or self._by_stem.get(_key(base.stem))
            or self._by_stem.get(_key(PurePosixPath(annotation_file).stem))
        )
        if not candidates:
            raise DataError(f'there is no picture {name or "of its name"} in {self.folder}')
        return _the_one(candidates, name, annotation_file)


def _the_one(candidates: list[str], name: str, annotation_file: str) -> str:
    likeness = (
        lambda each: _common_tail(each, name),
        lambda each: _place(each) == _place(annotation_file),
        lambda each: PurePosixPath(each).name == PurePosixPath(name).name,
    )
    for degree in likeness:
        most = max(map(degree, candidates))
        candidates = [each for each in candidates if degree(each) == most]
    if len(candidates) > 1:
        raise DataError(
            f'{len(candidates)} pictures are called {PurePosixPath(name).name}, {candidates[0]} '
            f'and {candidates[1]}: lay the file beside the one that it means'
        )
    return candidates[0]


def _common_tail(a: str, b: str) -> int:
    """How many names at the end of two paths agree."""
    pairs = zip(_key(a).split('/')[::-1], _key(b).split('/')[::-1], strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _place(file_name: str) -> tuple[str, ...]:
    """The folders of a file without those that only tell images from annotations."""
    return tuple(part for part in PurePosixPath(file_name).parts[:-1] if _key(part) not in PARALLEL)


def _key(text: str) -> str:
    """The same for one name in capitals or not, and as macOS and Linux write its accents."""
    return unicodedata.normalize('NFC', text).casefold()
