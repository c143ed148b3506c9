"""Image files, whole and cut off."""

import numpy as np
from PIL import Image

from mmgreen.datasets.read_image import ReadImage

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def save(path, pixels=PIXELS, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


def cut(path):
    """Leaves the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def read(path):
    return ReadImage()(dict(img_path=str(path)))['img']
