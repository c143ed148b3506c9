"""A video that lies in a folder as one picture a frame."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np
from mmcv import imrescale

from mmgreen.datasets.errors import UnreadableVideoError
from mmgreen.datasets.images import IMAGE_ENDINGS
from mmgreen.datasets.read_image import read_pixels


class FrameFolder:
    """Frames in a folder, read as :class:`mmgreen.datasets.video.VideoFile` reads a file.

    Args:
        path: the folder; its pictures are the frames, in the order of the numbers in their names.
        rate: frames a second, which pictures do not tell.

    Raises:
        UnreadableVideoError: if there is no such folder, or no picture in it.
    """

    def __init__(self, path: str, rate: float) -> None:
        self.path = path
        self.rate = rate
        try:
            names = [each for each in os.listdir(path) if each.lower().endswith(IMAGE_ENDINGS)]
        except OSError as error:
            raise UnreadableVideoError(f'{path} ({error.strerror})') from error
        self._names = sorted((each for each in names if not each.startswith('.')), key=_by_number)
        if not self._names:
            raise UnreadableVideoError(f'{path} has no frame.')
        self.duration = len(self._names) / rate

    def __enter__(self) -> FrameFolder:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def frame_times(self) -> np.ndarray:
        """(N,) float64 seconds."""
        return np.arange(len(self._names)) / self.rate

    def frames_at(self, times: Sequence[float], short_side: int | None = None) -> list[np.ndarray]:
        """See :meth:`mmgreen.datasets.video.VideoFile.frames_at`."""
        places = np.floor(np.asarray(times) * self.rate + 1e-6).astype(int)
        places = places.clip(0, len(self._names) - 1)
        images = {place: self._read(place, short_side) for place in np.unique(places)}
        shapes = {each.shape for each in images.values()}
        if len(shapes) > 1:
            raise UnreadableVideoError(
                f'The pictures in {self.path} have different sizes, so they are no frames of one '
                'video.'
            )
        return [images[place] for place in places]

    def _read(self, place: int, short_side: int | None) -> np.ndarray:
        pixels = read_pixels(os.path.join(self.path, self._names[place]))
        shorter = min(pixels.shape[:2])
        if short_side is None or shorter <= short_side:
            return pixels
        return imrescale(pixels, short_side / shorter, interpolation='area')


def _by_number(name: str) -> list:
    """So that frame_10 comes after frame_9."""
    return [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', name)]
