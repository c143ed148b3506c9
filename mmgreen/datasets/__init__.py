"""Data: images and videos in folders, COCO files, and what the random draws of each follow from.

``mmgreen.datasets.coco`` and ``coco_metric`` are imported by their names only: they need mmdet.
"""

from mmgreen.datasets.clip_transforms import (
    CropAlongLongSide,
    ForEachClip,
    PackClips,
    collate_clips,
)
from mmgreen.datasets.clips import LabelledClips, UnlabelledClips
from mmgreen.datasets.images import LabelledImages, UnlabelledImages
from mmgreen.datasets.read_clips import ReadClips
from mmgreen.datasets.read_image import ReadImage
from mmgreen.datasets.seeding import SeededInfiniteSampler, SeededSampler

__all__ = [
    'CropAlongLongSide',
    'ForEachClip',
    'LabelledClips',
    'LabelledImages',
    'PackClips',
    'ReadClips',
    'ReadImage',
    'SeededInfiniteSampler',
    'SeededSampler',
    'UnlabelledClips',
    'UnlabelledImages',
    'collate_clips',
]
