"""How a file becomes pixels: one reader for pretraining, classes, boxes and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dist import is_main_process
from PIL import Image, ImageOps
from rich.progress import track

from mmgreen.datasets.errors import UnreadableImageError
from mmgreen.errors import InputError
from mmgreen.registry import TRANSFORMS

MAX_MEGAPIXELS = 178.0
"""Pillow's own limit, against files that grow without bounds when they are decoded."""
MAX_RATIO = 200
"""Of the longer side to the shorter: what is thinner vanishes when it is resized."""
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)
"""The tag of EXIF, and its values at which width and height change places."""
NUM_THREADS, MANY, PART = 8, 2000, 200


@TRANSFORMS.register_module()
class ReadImage(BaseTransform):
    """Decodes the file at ``img_path`` with Pillow into ``img``: (H, W, 3) uint8, blue first.

    Unlike OpenCV, Pillow notices a file that was cut off. Gray, palette and CMYK images become
    colour images, transparency is dropped, 16-bit gray is divided by 256, the orientation that a
    camera noted is applied, and the first of several frames is taken. ``img_shape`` and
    ``ori_shape`` are (H, W). Where ``img`` is there already, as from an inferencer of the hosts
    that was given an array, nothing is read and the shapes are noted.

    Args:
        max_megapixels: of larger images none is read; 178 by default.
        keep_mb: megabytes of decoded images that each process keeps, so that a few images of which
            many crops are trained on are decoded once; the first that fit. By default none.

    Raises:
        InputError: if ``keep_mb`` is negative.
        UnreadableImageError: if the file is missing, cut off, no image, of floating point, too
            large, or more than 200 times as long as it is high, or as high as it is long.
    """

    def __init__(self, max_megapixels: float | None = None, keep_mb: float = 0) -> None:
        if keep_mb < 0:
            raise InputError(f'keep_mb of ReadImage is {keep_mb:g}; give megabytes, or 0.')
        self.max_megapixels = max_megapixels
        self._room = keep_mb * 1e6
        self._kept: dict[str, np.ndarray] = {}

    def transform(self, results: dict) -> dict:
        """``results``, with the image added."""
        if 'img' not in results:
            results['img'] = self._read(results['img_path'])
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results

    def _read(self, path: str) -> np.ndarray:
        if path in self._kept:
            return self._kept[path].copy()  # a transform may write into it
        pixels = read_pixels(path, self.max_megapixels)
        if pixels.nbytes <= self._room:
            self._room -= pixels.nbytes
            self._kept[path] = pixels.copy()
        return pixels


def read_pixels(path: str, max_megapixels: float | None = None) -> np.ndarray:
    """(H, W, 3) uint8, blue first; see :class:`ReadImage`."""
    try:
        with any_size(), Image.open(path) as image:
            _check_size(path, image.size, max_megapixels or MAX_MEGAPIXELS)
            pixels = np.asarray(to_rgb(ImageOps.exif_transpose(image)))
    except UnreadableImageError:
        raise
    except Exception as error:  # Decoders raise anything: SyntaxError, struct.error, EOFError.
        raise UnreadableImageError(f'{path} ({type(error).__name__}: {error})') from error
    return np.ascontiguousarray(pixels[..., ::-1])


class Size(NamedTuple):
    """Of an image as the reader gives it, in pixels."""

    width: int
    height: int
    turned: bool
    """Whether the orientation that a camera noted (EXIF) has exchanged width and height."""


def sizes_in_headers(paths: Sequence[str]) -> list[Size | None]:
    """Sizes without decoding; None where a header cannot be read. Many have a progress bar."""
    parts = [paths[start : start + PART] for start in range(0, len(paths), PART)]
    with any_size(), ThreadPoolExecutor(NUM_THREADS) as pool:
        found = pool.map(lambda part: [_size_in_header(path) for path in part], parts)
        quiet = len(paths) < MANY or not is_main_process()
        title = 'Comparing sizes with those of the files'
        sizes = track(found, title, len(parts), transient=True, disable=quiet)
        return [size for part in sizes for size in part]


def _size_in_header(path: str) -> Size | None:
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(ORIENTATION) in TURNED
            return Size(*(image.size[::-1] if turned else image.size), turned)
    except Exception:  # as above; the reader says why when the image is wanted
        return None


@contextmanager
def any_size() -> Iterator[None]:
    """Without Pillow's own limit, whose message calls a large image an attack."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _check_size(path: str, size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    if width * height > 1e6 * max_megapixels:
        raise UnreadableImageError(
            f'{path} is too large: {width}x{height} px are {width * height / 1e6:.0f} megapixels, '
            f'and ReadImage takes {max_megapixels:.0f}; cut it into tiles, or give the transform '
            'max_megapixels.'
        )
    check_ratio(path, size)


def check_ratio(path: str, size: tuple[int, int]) -> None:
    """Refuses an image, width and height in pixels, that is nearly a line."""
    width, height = size
    if max(size) > MAX_RATIO * min(size):
        raise UnreadableImageError(
            f'{path} is too thin: {width}x{height} px; cut it, or take it out.'
        )


def to_rgb(image: Image.Image) -> Image.Image:
    """The colours of an image as we read all of them; see :class:`ReadImage`."""
    if image.mode == 'F':
        raise InputError('floating-point pixels have no known range; store them with 8 or 16 bits')
    if image.mode.startswith('I'):
        # convert('RGB') would clip, and nearly every pixel of 16 bits would come out white.
        image = Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8))
    if 'transparency' in image.info:
        image = image.convert('RGBA')  # Pillow warns about the direct way for some palettes.
    return image.convert('RGB')
