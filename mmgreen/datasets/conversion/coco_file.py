"""A COCO file that is there already, read to be divided or cut."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

from mmgreen.datasets.annotations import check_images, read_annotations
from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.records import LabelledImage, LabelledObject


def read_coco(index: ImageIndex, path: str) -> tuple[list[str], Iterator[LabelledImage]]:
    """Names of the categories in the file's order, and one record for each of its images.

    Args:
        index: of the folder to which file names are relative.
        path: of the file.

    Raises:
        DataError: what a training would refuse.
    """
    content = read_annotations(path)
    check_images(content['images'], index.folder, path)
    names = {each['id']: each['name'] for each in content['categories']}
    objects = defaultdict(list)
    for each in content['annotations']:
        objects[each['image_id']].append(
            LabelledObject(
                category=names[each['category_id']],
                box=tuple(each['bbox']),
                segmentation=each.get('segmentation') or None,
                iscrowd=bool(each['iscrowd']),
                source_id=each['id'],
            )
        )
    images = (
        LabelledImage(
            file_name=os.path.normpath(each['file_name']).replace(os.sep, '/'),
            width=each['width'],
            height=each['height'],
            objects=tuple(objects[each['id']]),
        )
        for each in content['images']
    )
    return list(names.values()), images
