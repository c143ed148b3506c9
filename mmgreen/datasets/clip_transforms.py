"""Transforms of images on clips, and clips as what a model takes.

Letters in shapes: B clips, C channels, T frames, H W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmengine.dataset import default_collate
from mmpretrain.datasets.transforms import PackInputs

from mmgreen.datasets.seeding import seeded
from mmgreen.errors import InputError
from mmgreen.registry import FUNCTIONS, TRANSFORMS


@TRANSFORMS.register_module()
class ForEachClip(BaseTransform):
    """Transforms of images, with the same draws for every frame of a clip.

    Each clip has draws of its own. Every frame begins with the same seed, so that any transform
    will do, whether it says what it draws (mmcv's ``cache_randomness``) or not; noise that is drawn
    for pixels, as random erasing does, is the same in all frames.

    Args:
        transforms: of mmcv, mmpretrain or others; they find a frame in ``img``.
    """

    def __init__(self, transforms: Sequence[dict]) -> None:
        self.transforms = Compose(transforms)

    def transform(self, results: dict) -> dict:
        """``results``, with other frames in ``clips``; what else is noted is the first frame's."""
        results['clips'] = [self._transform_clip(clip) for clip in results['clips']]
        return results

    def _transform_clip(self, clip: dict) -> dict:
        seed = np.random.randint(2**32)
        done = []
        for frame in clip['frames']:
            with seeded(seed):
                # A copy: frames of a video that stands still are one array.
                done.append(self.transforms({'img': frame.copy(), 'img_shape': frame.shape[:2]}))
        frames = [each.pop('img') for each in done]
        return {**clip, **done[0], 'frames': frames}


@TRANSFORMS.register_module()
class CropAlongLongSide(BaseTransform):
    """Makes of each clip several, cropped to squares at even distances along its longer side.

    Three crops cover left, centre and right of a wide video, top, centre and bottom of a high one;
    one crop is the centre.

    Args:
        size: pixels a side of the crops, no more than the shorter side has.
        num_crops: of each clip.
    """

    def __init__(self, size: int, num_crops: int = 3) -> None:
        self.size = size
        self.num_crops = num_crops

    def transform(self, results: dict) -> dict:
        """``results``, with ``num_crops`` times as many clips, those of one clip in a row."""
        results['clips'] = [crop for clip in results['clips'] for crop in self._crops(clip)]
        return results

    def _crops(self, clip: dict) -> list[dict]:
        frames = np.stack(clip['frames'])
        room = [side - self.size for side in frames.shape[1:3]]
        if min(room) < 0:
            raise InputError(
                f'Frames of {frames.shape[1]}x{frames.shape[2]} pixels have no crop of '
                f'{self.size}; resize their shorter side to that before.'
            )
        crops = []
        for share in np.linspace(0, 1, self.num_crops) if self.num_crops > 1 else [0.5]:
            shares = [share, 0.5] if room[0] > room[1] else [0.5, share]
            top, left = (round(float(r * s)) for r, s in zip(room, shares, strict=True))
            part = frames[:, top : top + self.size, left : left + self.size]
            crops.append({**clip, 'frames': list(part), 'img_shape': part.shape[1:3]})
        return crops


@TRANSFORMS.register_module()
class PackClips(BaseTransform):
    """mmpretrain's PackInputs for clips: ``inputs`` (C, T, H, W) uint8 and ``data_samples``.

    Of one clip they are a tensor and a data sample; of several, lists of both, as mmcv's
    ``TestTimeAug`` has them.
    """

    def __init__(self) -> None:
        keys = (*PackInputs.DEFAULT_META_KEYS, 'num_repeated')
        self.pack = PackInputs(meta_keys=keys)

    def transform(self, results: dict) -> dict:
        """What a model takes."""
        clips = results.pop('clips')
        packed = [
            self.pack({**results, **clip, 'img': np.stack(clip['frames']).transpose(3, 0, 1, 2)})
            for clip in clips
        ]
        for each in packed:
            each['inputs'] = each['inputs'].contiguous()
        if len(packed) == 1:
            return packed[0]
        return {key: [each[key] for each in packed] for key in packed[0]}


@FUNCTIONS.register_module()
def collate_clips(items: Sequence[dict]) -> dict:
    """A batch of all clips of some videos: ``inputs`` (B, C, T, H, W) and B ``data_samples``.

    Args:
        items: of :class:`PackClips`, each of one clip or several.
    """
    clips = []
    for item in items:
        if isinstance(item['inputs'], list):
            clips += [
                dict(zip(item, values, strict=True)) for values in zip(*item.values(), strict=True)
            ]
        else:
            clips.append(item)
    return default_collate(clips)
