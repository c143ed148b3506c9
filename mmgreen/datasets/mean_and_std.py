"""Mean and standard deviation of pixels, by which a config normalises images.

A net from random weights begins with the contrast that its input has. Images far from the mean and
deviation by which they are normalised reach it as one constant with little on it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.progress import track

from mmgreen.datasets.errors import DataError, UnreadableImageError
from mmgreen.datasets.images import image_files
from mmgreen.datasets.read_image import read_pixels
from mmgreen.errors import InputError, MissingFileError

PIXELS_OF_EACH = 65_536
LEAST_VARIANCE = 1e-6


class MeanAndStd(NamedTuple):
    """Of each channel, red first, in levels of 0 to 255: as ``data_preprocessor`` takes them."""

    mean: list[float]
    std: list[float]

    def __str__(self) -> str:
        mean, std = (', '.join(f'{each:.1f}' for each in values) for values in self)
        return f'mean=[{mean}], std=[{std}]'


class Moments(NamedTuple):
    """Sums over the pixels of an image."""

    pixels: int
    first: np.ndarray
    """(C,) float64: of levels."""
    second: np.ndarray
    """(C,) float64: of squared levels."""


def moments_of(image: np.ndarray) -> Moments:
    """Those of one image, (..., C)."""
    pixels = image.reshape(-1, image.shape[-1]).astype(np.float64)
    return Moments(len(pixels), pixels.sum(0), (pixels**2).sum(0))


def mean_and_std(moments: Sequence[Moments]) -> MeanAndStd:
    """Over all pixels of all images together.

    A channel that has one level everywhere, as that of a missing stain, gets a deviation of 1.
    """
    pixels, first, second = (sum(each) for each in zip(*moments, strict=True))
    mean = first / pixels
    variance = second / pixels - mean**2
    std = np.sqrt(np.where(variance < LEAST_VARIANCE, 1, variance))
    return MeanAndStd(mean.tolist(), std.tolist())


def mean_and_std_in(folder: str, most: int = 1000) -> tuple[MeanAndStd, int]:
    """Of the images in a folder, nested or flat; what cannot be read is left out.

    Args:
        folder: where they lie.
        most: of more images, so many, spread evenly over the sorted names; of each some 65,000
            pixels, spread evenly.

    Returns:
        It, and of how many images.

    Raises:
        MissingFileError: if the folder is missing or holds no image.
        InputError: if ``most`` is below 1.
        DataError: if none can be read.
    """
    if not os.path.isdir(folder):
        raise MissingFileError(f'There is no folder {folder}.')
    if most < 1:
        raise InputError(f'--max-images must be 1 or more, not {most}.')
    files = image_files(folder)
    places = np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    moments = []
    for place in track(places, 'Reading', transient=True, disable=not sys.stdout.isatty()):
        try:
            pixels = read_pixels(files[place]).reshape(-1, 3)[:, ::-1]
        except UnreadableImageError:
            continue
        moments.append(moments_of(pixels[:: -(-len(pixels) // PIXELS_OF_EACH)]))
    if not moments:
        raise DataError(
            f'None of the {len(places)} images in {folder} that were tried can be read.'
        )
    return mean_and_std(moments), len(moments)
