"""How large images and objects are for a network, once a pipeline has resized them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import median
from typing import Any

SHRUNK = 0.75
"""Of the side: what is shrunk less is not worth a word."""
SMALL = 32
"""Pixels of the side of an object that COCO calls small, of which detectors miss most."""
MENDS = 'cut the images (tile_images) or raise image_size'


def scale_of(size: tuple[int, int], transforms: Iterable[Any]) -> float:
    """By how much a pipeline resizes an image; of random sizes, the middle one.

    Args:
        size: width and height in pixels.
        transforms: of the pipeline, built: those of mmcv and mmdet that resize are known.
    """
    scale = 1.0
    for each in transforms:
        name = type(each).__name__
        if name == 'RandomChoice':
            branches = [scale_of(_times(size, scale), steps) for steps in each.transforms]
            scale *= median(branches)
        elif name in ('Resize', 'RandomResize', 'RandomChoiceResize'):
            scale *= _scale_by(_times(size, scale), each)
    return scale


def describe_scales(
    sizes: Sequence[tuple[int, int]],
    sides: Sequence[tuple[int, float]],
    transforms: Sequence[Any],
) -> tuple[str, bool] | None:
    """What a pipeline makes of images and objects, in a sentence; None where it shrinks neither.

    Args:
        sizes: width and height of each image in pixels.
        sides: of each object the place of its image in ``sizes``, and the root of its area.
        transforms: of the pipeline, built.

    Returns:
        The sentence, and whether objects become small by it.
    """
    scales = [scale_of(size, transforms) for size in sizes]
    if not scales or median(scales) > SHRUNK:
        return None
    before = _median_size(sizes)
    after = _median_size([_times(size, scale) for size, scale in zip(sizes, scales, strict=True)])
    text = f'Images of {before} px become about {after} px'
    if not sides:
        return text, False
    side = median(each for _, each in sides)
    shrunk = median(each * scales[place] for place, each in sides)
    text += f', objects of {side:.0f} px about {shrunk:.0f} px (medians)'
    return (f'{text}: {MENDS}', True) if shrunk < SMALL else (text, False)


def _times(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _median_size(sizes: Sequence[tuple[int, int]]) -> str:
    return 'x'.join(f'{median(sides):.0f}' for sides in zip(*sizes, strict=True))


def _scale_by(size: tuple[int, int], transform: Any) -> float:
    """The middle of what one transform makes of the side of an image."""
    factor = getattr(transform, 'scale_factor', None)
    if getattr(transform, 'scale', None) is None and factor:
        return sqrt(factor[0] * factor[1]) if isinstance(factor, Sequence) else float(factor)
    scales = getattr(transform, 'scales', None) or [transform.scale]
    if isinstance(scales[0], list):  # a range, from one size to another
        scales = scales[0]
    stretch = median(getattr(transform, 'ratio_range', None) or (1.0,))
    return stretch * median(_fit(size, each, _keeps_ratio(transform)) for each in scales)


def _keeps_ratio(transform: Any) -> bool:
    options = getattr(transform, 'resize_cfg', None) or {}
    return options.get('keep_ratio', getattr(transform, 'keep_ratio', False))


def _fit(size: tuple[int, int], box: int | Sequence[int], keep_ratio: bool) -> float:
    box = (box, box) if isinstance(box, int) else box
    if keep_ratio:
        return min(max(box) / max(size), min(box) / min(size))
    return sqrt(box[0] * box[1] / (size[0] * size[1]))
