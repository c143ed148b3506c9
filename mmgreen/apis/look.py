"""What a model says about one image: the common ground of detectors and classifiers."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """At one image.

    Attributes:
        width: of the image in pixels.
        height: likewise.
        found: of a detector the objects, each with ``label``, ``score``, ``box`` (x1, y1, x2, y2 in
            pixels of the image) and, with masks, ``encoded`` (run lengths); of a classifier
            classes, each with ``name`` and ``score``, the best first.
        num_full: how often the detector gave as many objects as it can, so that there may be more.
        highest: the best score of a detector, also where it is below the one asked for.
    """

    width: int
    height: int
    found: list[dict]
    num_full: int = 0
    highest: float = 0.0
