"""Windows into images, so that one of any size can be looked at part by part.

A TIFF in tiles or strips is decoded part by part: each part becomes a TIFF of its own in memory,
with the tags that say how it is coded, and Pillow decodes it as it does every other image. So all
that Pillow's libtiff reads is read, and a plain install has it. Everything else is decoded once.
"""

from __future__ import annotations

import io
import math
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mmgreen.datasets.conversion.tiling import Tile
from mmgreen.datasets.errors import UnreadableImageError
from mmgreen.datasets.read_image import ORIENTATION, any_size, check_ratio, read_pixels, to_rgb

COMPRESSION, PLANES, TABLES = 259, 284, 347
# Tags that say how the bytes of a part become pixels: bits, compression, colours, predictor, JPEG.
CODING = (258, 259, 262, 266, 277, 284, 292, 293, 317, 320, 338, 339, 347, 529, 530, 531, 532)
WIDTH, HEIGHT, STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_BYTES = 256, 257, 273, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
OLD_JPEG = 6
MOST_PIXELS_OF_A_PART = 2**24
"""A TIFF in larger parts gains nothing from being read in parts."""


class WholeImage:
    """An image that was decoded once.

    Args:
        pixels: (H, W, 3) uint8, blue first.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels = pixels
        self.size = (pixels.shape[1], pixels.shape[0])

    def read(self, window: Tile) -> np.ndarray:
        """(height, width, 3) uint8, blue first."""
        left, top, right, bottom = window.corners
        return self._pixels[top:bottom, left:right]


class Parts(NamedTuple):
    """How a TIFF is divided; sizes in pixels, places in bytes."""

    width: int
    height: int
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]


class TiffInParts:
    """A TIFF in tiles or strips, of which no more is in memory than a row of windows needs.

    Args:
        path: of the file.
        image: the file, opened by Pillow.
        parts: how it is divided.
        window_height: of the windows that will be read, in pixels.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, path: str, image: Image.Image, parts: Parts, window_height: int) -> None:
        self.size = image.size
        self._path = path
        self._parts = parts
        self._tags = image.tag_v2
        self._across = math.ceil(self.size[0] / parts.width)
        self._most_kept = self._across * (math.ceil(window_height / parts.height) + 1)
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def read(self, window: Tile) -> np.ndarray:
        """(height, width, 3) uint8, blue first.

        Raises:
            UnreadableImageError: if the file is cut off, or a part of it cannot be decoded.
        """
        left, top, right, bottom = window.corners
        pixels = np.empty((window.height, window.width, 3), np.uint8)
        for row in range(top // self._parts.height, math.ceil(bottom / self._parts.height)):
            for column in range(left // self._parts.width, math.ceil(right / self._parts.width)):
                x, y = column * self._parts.width, row * self._parts.height
                part = self._part(row * self._across + column)
                begin_x, begin_y = max(left, x), max(top, y)
                end_x = min(right, x + part.shape[1])
                end_y = min(bottom, y + part.shape[0])
                pixels[begin_y - top : end_y - top, begin_x - left : end_x - left] = part[
                    begin_y - y : end_y - y, begin_x - x : end_x - x
                ]
        return pixels

    def _part(self, place: int) -> np.ndarray:
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        try:
            part = self._decode(place)
        except Exception as error:  # as in read_pixels: decoders raise anything
            raise UnreadableImageError(f'{self._path} ({type(error).__name__}: {error})') from error
        self._kept[place] = part
        if len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)
        return part

    def _decode(self, place: int) -> np.ndarray:
        width, height = self._parts.width, self._parts.height
        if TILE_OFFSETS not in self._tags:  # the last strip ends with the image
            height = min(height, self.size[1] - place * height)
        if not self._parts.lengths[place]:  # of a sparse file: nothing was ever written there
            return np.zeros((height, width, 3), np.uint8)
        with open(self._path, 'rb') as stream:
            stream.seek(self._parts.offsets[place])
            coded = stream.read(self._parts.lengths[place])
        with any_size(), Image.open(io.BytesIO(self._as_tiff(coded, width, height))) as image:
            return np.ascontiguousarray(np.asarray(to_rgb(image))[..., ::-1])

    def _as_tiff(self, coded: bytes, width: int, height: int) -> bytes:
        """A TIFF of a single strip, which is coded as a tile is."""
        tags = ImageFileDirectory_v2(prefix=self._tags.prefix)
        for tag in CODING:
            if tag in self._tags:
                tags.tagtype[tag] = self._tags.tagtype[tag]
                tags[tag] = self._tags[tag]
        tags[WIDTH], tags[HEIGHT], tags[ROWS_PER_STRIP] = width, height, height
        tags[STRIP_OFFSETS], tags[STRIP_BYTES] = 0, len(coded)  # Pillow adds where the tags end
        stream = io.BytesIO()
        tags.save(stream)
        return stream.getvalue() + coded


def open_windows(
    path: str, window_height: int, max_megapixels: float | None = None
) -> WholeImage | TiffInParts:
    """What reads windows of an image, as :class:`mmgreen.ReadImage` would read it whole.

    Args:
        path: of the file.
        window_height: of the windows, in pixels.
        max_megapixels: of what is decoded whole; a TIFF in parts may have any size.

    Raises:
        UnreadableImageError: if the file cannot be read, or is too large to be decoded whole.
    """
    try:
        with any_size(), Image.open(path) as image:
            parts = _parts_of(image)
            if parts:
                check_ratio(path, image.size)
                return TiffInParts(path, image, parts, window_height)
    except UnreadableImageError:
        raise
    except Exception:
        pass
    return WholeImage(read_pixels(path, max_megapixels))


def _parts_of(image: Image.Image) -> Parts | None:
    """How a TIFF is divided; None where it is none, or has to be decoded whole."""
    tags = getattr(image, 'tag_v2', None)
    if image.format != 'TIFF' or tags is None:
        return None
    in_planes = tags.get(PLANES, 1) != 1
    if in_planes or tags.get(COMPRESSION) == OLD_JPEG or tags.get(ORIENTATION, 1) != 1:
        return None
    if TILE_OFFSETS in tags:
        size, places = (tags[TILE_WIDTH], tags[TILE_HEIGHT]), (TILE_OFFSETS, TILE_BYTES)
    elif STRIP_OFFSETS in tags:
        rows = min(tags.get(ROWS_PER_STRIP, image.height), image.height)
        size, places = (image.width, rows), (STRIP_OFFSETS, STRIP_BYTES)
    else:
        return None
    number = math.ceil(image.width / size[0]) * math.ceil(image.height / size[1])
    offsets, lengths = (tuple(tags.get(each, ())) for each in places)
    if size[0] * size[1] > MOST_PIXELS_OF_A_PART or not number == len(offsets) == len(lengths):
        return None
    return Parts(*size, offsets, lengths)
