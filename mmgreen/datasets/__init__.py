"""Data: images in folders, COCO files, and what the random draws of each follow from.

``mmgreen.datasets.coco`` and ``coco_metric`` are imported by their names only: they need mmdet.
"""

from mmgreen.datasets.images import LabelledImages, UnlabelledImages
from mmgreen.datasets.read_image import ReadImage
from mmgreen.datasets.seeding import SeededInfiniteSampler, SeededSampler

__all__ = [
    'LabelledImages',
    'ReadImage',
    'SeededInfiniteSampler',
    'SeededSampler',
    'UnlabelledImages',
]
