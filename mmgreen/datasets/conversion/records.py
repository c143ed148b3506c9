"""What every format is read into: one immutable record an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pycocotools import mask as coding

from mmgreen.datasets.conversion.outlines import area_of_polygons, clip_polygons
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.objects import why_unused

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels, as in COCO."""


class LabelledObject(NamedTuple):
    """One object of an image.

    Attributes:
        category: name of its class.
        box: in pixels of the image as our reader gives it.
        segmentation: polygons ``[[x1, y1, x2, y2, ...], ...]`` or run lengths, as in COCO.
        iscrowd: whether it is a region that evaluation ignores.
        source_id: its id where it comes from; formats without ids count from 1.
    """

    category: str
    box: Box
    segmentation: Any = None
    iscrowd: bool = False
    source_id: int = 0


class LeftOut(NamedTuple):
    """An object that was not taken over.

    Attributes:
        what: its class, and its box where it has one.
        reason: why, as in 'with a box of no size'.
    """

    what: str
    reason: str


class LabelledImage(NamedTuple):
    """One image with all that is labelled in it.

    Attributes:
        file_name: relative to the folder, with forward slashes.
        width: in pixels, as our reader gives the image.
        height: likewise.
        objects: of the image.
        left_out: what was not taken over.
    """

    file_name: str
    width: int
    height: int
    objects: tuple[LabelledObject, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Complaint(NamedTuple):
    """What keeps a file from being read."""

    file_name: str
    text: str


MOST_COMPLAINTS = 40


def all_complaints(complaints: Sequence[Complaint], folder: str) -> str:
    """The text of one error that names them, a line for each file."""
    lines = [f'  {each.file_name}: {each.text}' for each in complaints[:MOST_COMPLAINTS]]
    if len(complaints) > MOST_COMPLAINTS:
        lines.append(f'  and {len(complaints) - MOST_COMPLAINTS} more files')
    return (
        f'{len(complaints)} files in {folder} have to be mended, or left out with --skip-broken:\n'
        + '\n'.join(lines)
    )


def read_each(
    files: Iterable[str], read_one: Callable[[str], LabelledImage]
) -> Iterator[LabelledImage | Complaint]:
    """What ``read_one`` makes of each file, or its complaint, so that all are known at once."""
    for file in files:
        try:
            yield read_one(file)
        except DataError as error:
            yield Complaint(file, str(error))


def raise_together(wrong: list[str], most: int = 5) -> None:
    """Raises one error of all that is wrong in a file, if anything is.

    Raises:
        DataError: the first ``most``, and how many more.
    """
    if wrong:
        more = f'; and {len(wrong) - most} more' if len(wrong) > most else ''
        raise DataError('; '.join(wrong[:most]) + more)


def area_of(each: LabelledObject) -> float:
    """Pixels of the mask, or of the box where there is none."""
    if isinstance(each.segmentation, dict):
        return float(coding.area(each.segmentation))
    if each.segmentation:
        return area_of_polygons(each.segmentation)
    return each.box[2] * each.box[3]


def tidy(image: LabelledImage) -> LabelledImage:
    """The image without the objects that a training would leave out, all others inside of it.

    A crowd stays, since evaluation reads it.
    """
    kept, left_out = [], list(image.left_out)
    for each in image.objects:
        inside = cut_at_edges(each, image.width, image.height)
        reason = _why_left_out(each, image) or _why_left_out(inside, image)
        if reason:
            left_out.append(LeftOut(f'{each.category} {_shown(each.box)}', reason))
        else:
            kept.append(inside)
    return image._replace(objects=tuple(kept), left_out=tuple(left_out))


def cut_at_edges(each: LabelledObject, width: int, height: int) -> LabelledObject:
    """The object as far as it lies in its image."""
    x, y, across, down = each.box
    right, bottom = min(x + across, width), min(y + down, height)
    if x >= 0 and y >= 0 and (right, bottom) == (x + across, y + down):
        return each
    left, top = max(x, 0), max(y, 0)
    outline = each.segmentation
    if isinstance(outline, list):
        outline = clip_polygons(outline, (0, 0, width, height)) or None
    return each._replace(box=(left, top, right - left, bottom - top), segmentation=outline)


def number_objects(images: Sequence[LabelledImage]) -> list[LabelledImage]:
    """Objects without an id of their own are counted from 1 over all images."""
    if any(each.source_id for image in images for each in image.objects):
        return list(images)
    numbered, number = [], 1
    for image in images:
        objects = tuple(
            each._replace(source_id=number + place) for place, each in enumerate(image.objects)
        )
        numbered.append(image._replace(objects=objects))
        number += len(objects)
    return numbered


def _why_left_out(each: LabelledObject, image: LabelledImage) -> str | None:
    if each.box[2] <= 0 or each.box[3] <= 0:
        return 'with a box of no size'
    entry = {'bbox': each.box, 'area': area_of(each), 'category_id': 0, 'iscrowd': 0}
    return why_unused(entry, {'width': image.width, 'height': image.height}, {0})


def _shown(box: Box) -> str:
    """A box in a message: whole numbers without a point."""
    return '[' + ', '.join(f'{value:g}' for value in box) + ']'
