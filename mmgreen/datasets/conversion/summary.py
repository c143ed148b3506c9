"""What was converted, in sentences for who gave it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmgreen.datasets.conversion.reading import LabelledFolder
from mmgreen.datasets.conversion.records import LabelledImage

MOST_NAMED = 10


def objects_by_class(images: Sequence[LabelledImage]) -> Counter[str]:
    """How many objects of each class, crowds not counted."""
    objects = (each for image in images for each in image.objects)
    return Counter(each.category for each in objects if not each.iscrowd)


def describe_images(title: str, images: Sequence[LabelledImage], classes: Sequence[str]) -> str:
    """One line: how many images and objects, by class."""
    counts = objects_by_class(images)
    empty = sum(not image.objects for image in images)
    by_class = ', '.join(f'{name} {counts[name]}' for name in classes)
    without = f', {empty} of them without objects' if empty else ''
    return f'{title}: {len(images)} images{without}; {counts.total()} objects ({by_class})'


def describe_left_out(images: Sequence[LabelledImage]) -> list[str]:
    """A line for each reason, then the objects themselves, the first ones by name."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for image in images:
        for each in image.left_out:
            by_reason[each.reason].append(f'{image.file_name}: {each.what}')
    lines = []
    for reason, places in sorted(by_reason.items()):
        lines.append(f'left out {len(places)} objects {reason}:')
        lines += [f'  {place}' for place in places[:MOST_NAMED]]
        if len(places) > MOST_NAMED:
            lines.append(f'  and {len(places) - MOST_NAMED} more')
    return lines


def describe_folder(found: LabelledFolder) -> list[str]:
    """What a reader of the folder should know about it beside its objects."""
    lines = describe_left_out(found.images) + _much_alike(found.classes)
    if found.complaints:
        lines.append(f'skipped {len(found.complaints)} files with something wrong:')
        lines += [f'  {each.file_name}: {each.text}' for each in found.complaints]
    if found.num_without_file:
        lines.append(
            f'{found.num_without_file} images have no annotations that could be read and are not '
            'taken; with --background they are images without objects'
        )
    if found.num_turned:
        lines.append(
            f'{found.num_turned} images are turned or mirrored by their EXIF tag: boxes are taken '
            'to be those of the picture as it is shown; look at some'
        )
    return lines


def _much_alike(classes: Sequence[str]) -> list[str]:
    """A line for names that differ by capitals alone: one class, written in two ways?"""
    counts = Counter(name.casefold() for name in classes)
    alike = [name for name in classes if counts[name.casefold()] > 1]
    return [f'classes that differ by capitals alone: {", ".join(alike)}'] if alike else []


def values_for_a_config(
    root: Path,
    folders: Mapping[str, str],
    classes: Sequence[str],
    images: Sequence[LabelledImage],
) -> list[str]:
    """The lines to put at the top of a copy of the starter for own data.

    Args:
        root: with ``train.json`` and ``val.json``.
        folders: by split, the folder of its images, relative to ``root`` or absolute.
        classes: in the order of the file.
        images: of the training; masks are learned where all of their objects have one.
    """
    objects = [each for image in images for each in image.objects if not each.iscrowd]
    with_masks = bool(objects) and all(each.segmentation for each in objects)
    lines = [f'    data_root = {root.as_posix() + "/"!r}']
    for split, folder in folders.items():
        prefix = f'dict(img={folder!r})'
        lines.append(f'    {split} = dict(ann_file={split + ".json"!r}, data_prefix={prefix})')
    return [
        'next: mmgreen copy greenmim/swin_t_mask_rcnn_own_data.py my_data.py, and set at its top',
        *lines,
        f'    classes = {tuple(classes)!r}',
        f'    with_masks = {with_masks}',
    ]
