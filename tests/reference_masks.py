"""One mask in every form that COCO files have."""

import numpy as np
from pycocotools import mask as coding

IMAGE = dict(file_name='a.jpg', height=60, width=80)
SQUARE = [10, 10, 30, 10, 30, 40, 10, 40]


def run_lengths(compressed):
    pixels = np.zeros((60, 80), dtype=np.uint8)
    pixels[10:40, 10:30] = 1
    if compressed:
        return coding.encode(np.asfortranarray(pixels))
    flat = pixels.flatten(order='F')
    changes = np.flatnonzero(np.diff(flat)) + 1
    return dict(size=[60, 80], counts=np.diff([0, *changes, flat.size]).tolist())
