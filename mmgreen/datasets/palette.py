"""A colour for each class, where a dataset has fewer colours than classes."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from typing import Any

NUM_COLOURS = 80
"""Of mmdet's CocoDataset."""
# Hues this far apart never meet again, and neighbours in the list differ most.
GOLDEN_ANGLE = 0.381966


def with_colours(metainfo: Mapping[str, Any]) -> dict[str, Any]:
    """``metainfo`` of a dataset, with at least as many colours in ``palette`` as classes.

    mmdet hands COCO's 80 colours on to every data set, and its drawing ends at the 81st class.

    Args:
        metainfo: ``classes``, and ``palette`` if there is one: a list of (red, green, blue), or one
            of mmdet's words ('random', …), which stays.
    """
    palette, classes = metainfo.get('palette'), metainfo.get('classes') or ()
    if palette is None or isinstance(palette, str) or isinstance(classes, str):
        return dict(metainfo)
    # A tuple would mean one colour for all to mmdet, and one of tuples is no colour.
    colours = list(palette)
    if isinstance(palette, tuple) and not all(isinstance(each, Sequence) for each in palette):
        return dict(metainfo)
    colours += [_colour(place) for place in range(len(colours), len(classes))]
    return {**metainfo, 'palette': colours}


def give_colours(dataset: dict) -> None:
    """Adds a palette to the config of a data set with more classes than mmdet has colours.

    For mmdet's own data sets; those inside of a wrapper are looked for.
    """
    inner = dataset.get('datasets') or [dataset.get('dataset')]
    for each in inner:
        if each:
            give_colours(each)
    metainfo = dataset.get('metainfo') or {}
    classes = metainfo.get('classes') or ()
    if not isinstance(classes, str) and len(classes) > NUM_COLOURS and 'palette' not in metainfo:
        metainfo['palette'] = with_colours(dict(classes=classes, palette=[]))['palette']


def _colour(place: int) -> tuple[int, int, int]:
    """The colour of the class at ``place``: strong, and of a hue of its own."""
    value = (1.0, 0.8, 0.6)[place % 3]
    red, green, blue = colorsys.hsv_to_rgb(place * GOLDEN_ANGLE % 1, 0.85, value)
    return round(255 * red), round(255 * green), round(255 * blue)
