"""Pascal VOC: an XML file an image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from xml.etree import ElementTree

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.records import (
    Box,
    Complaint,
    LabelledImage,
    LabelledObject,
    raise_together,
    read_each,
)
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import other_files
from mmgreen.datasets.read_image import Size

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def read_voc(index: ImageIndex) -> Iterator[LabelledImage | Complaint]:
    """One record for each XML file with ``<annotation>`` below the folder, in order of name.

    ``xmax - xmin`` is the width, as labelImg and its like write it.
    """
    files = [name for name in other_files(index.folder) if name.lower().endswith('.xml')]
    return read_each(files, lambda file: read_voc_file(file, index))


def read_voc_file(file: str, index: ImageIndex) -> LabelledImage:
    """The record of one file.

    Args:
        file: relative to the folder of the index.
        index: of the images.

    Raises:
        DataError: tells everything that is wrong in it.
    """
    try:
        root = ElementTree.parse(os.path.join(index.folder, file)).getroot()
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f'it is not XML ({error})') from error
    if root.tag != 'annotation':
        raise DataError(f'it has <{root.tag}> where Pascal VOC has <annotation>')
    image = index.find(root.findtext('filename') or '', file)
    size = index.size_of(image)
    check_size(_size_in(root), size)
    objects, wrong = [], []
    for place, node in enumerate(root.findall('object'), 1):
        try:
            objects.append(LabelledObject(_name_of(node), _box_of(node)))
        except (DataError, ValueError) as error:
            wrong.append(f'object {place}: {error}')
    raise_together(wrong)
    return LabelledImage(image, size.width, size.height, tuple(objects))


def check_size(labelled: tuple[int, int] | None, size: Size) -> None:
    """Refuses boxes that were drawn on a picture of another size.

    Args:
        labelled: width and height in the annotation file; None if it does not say.
        size: of the picture as our reader gives it.

    Raises:
        DataError: says which of the two was turned, where that is it.
    """
    if not labelled or 0 in labelled or labelled == size[:2]:
        return
    sizes = f'{size.width}x{size.height} px, the file says {labelled[0]}x{labelled[1]}'
    if size.turned and labelled == (size.height, size.width):
        raise DataError(
            f'the picture is turned by its EXIF tag to {sizes}: it was labelled before it was '
            'turned; turn its boxes too, or take the tag away (exiftool -Orientation= FILE)'
        )
    raise DataError(f'the picture has {sizes}: give the picture that was labelled')


def _size_in(root: ElementTree.Element) -> tuple[int, int] | None:
    try:
        return int(root.findtext('size/width')), int(root.findtext('size/height'))
    except (TypeError, ValueError):
        return None


def _name_of(node: ElementTree.Element) -> str:
    name = (node.findtext('name') or '').strip()
    if not name:
        raise DataError('it has no <name>')
    return name


def _box_of(node: ElementTree.Element) -> Box:
    texts = [node.findtext(f'bndbox/{key}') for key in CORNERS]
    if None in texts:
        raise DataError(f'it has no <{CORNERS[texts.index(None)]}> in <bndbox>')
    left, top, right, bottom = map(float, texts)
    return left, top, right - left, bottom - top
