"""What takes the place of an image that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.logging import MMLogger

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.seeding import SeededIndex, derive_seed, seeded


@contextmanager
def refuses_unreadable() -> Iterator[None]:
    """In a test no picture takes the place of another: the score would be that of other data.

    Raises:
        DataError: names the picture.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f'A picture to be scored cannot be read: {error}.') from error


class Substitutes:
    """Marks images that cannot be read, for all workers, and takes others in their places.

    Which one is taken follows from the seed of the index, and so repeats after a resume.

    Args:
        number: images in the data set, N.
        folder: where they are, for the message.
        most: give up after so many in a row.
        kind: what they are, for the messages.
    """

    def __init__(self, number: int, folder: str, most: int = 1000, kind: str = 'image') -> None:
        self.unreadable = torch.zeros(number, dtype=torch.uint8).share_memory_()
        """(N,) uint8, 1 for each image that this process or a worker of it found unreadable."""
        self.folder = folder
        self.most = most
        self.kind = kind

    def get(self, prepare: Callable[[int], dict], index: int) -> dict:
        """What ``prepare`` makes of the image at ``index``, or of the one in its place.

        Args:
            prepare: reads and augments the image at a place; raises OSError where it cannot.
            index: with the seed of all draws if it is a ``SeededIndex``; else one is drawn.

        Raises:
            DataError: if no image can be read.
        """
        number = len(self.unreadable)
        seed = index.seed if isinstance(index, SeededIndex) else np.random.randint(2**32)
        for place in self._places(range(number)[int(index)], seed):
            if self.unreadable[place]:
                continue
            try:
                # Each trial starts from the seed, whichever failures this process knows already.
                with seeded(seed):
                    return prepare(place)
            except OSError as error:
                self.unreadable[place] = 1
                MMLogger.get_current_instance().warning(
                    f'Skipped an unreadable {self.kind}: {error}'
                )
        raise DataError(
            f'None of the {self.kind}s tried in {self.folder} can be read (it has {number}); the '
            'warnings above say why.'
        )

    def _places(self, index: int, seed: int) -> Iterator[int]:
        """``index``, then those to take if it cannot be read."""
        yield index
        start = derive_seed(seed)
        for offset in range(min(len(self.unreadable), self.most)):
            yield (start + offset) % len(self.unreadable)
