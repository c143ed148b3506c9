"""What stands between a batch of labelled clips and a classifier.

Letters in shapes: B clips, C channels, T frames, H W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mmpretrain.models.utils import ClsDataPreprocessor
from torch import Tensor

from mmgreen.registry import MODELS


@MODELS.register_module()
class ClipPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ClsDataPreprocessor for clips, (B, C, T, H, W), of one size.

    Its own takes the third dimension for rows: its mean does not fit, and its CutMix would cut out
    frames. Here a box is cut from every frame of a clip.

    Args:
        settings: those of mmpretrain's ClsDataPreprocessor.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self._enable_normalize:
            self.mean, self.std = self.mean[..., None], self.std[..., None]
        if self.batch_augments is not None:
            self.batch_augments = partial(mix_clips, self.batch_augments)


def mix_clips(mix: Callable, clips: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """What an augmentation of batches of images makes of clips: frames are channels to it.

    Args:
        mix: takes images (B, C, H, W) and scores, as mmpretrain's Mixup and CutMix do.
        clips: (B, C, T, H, W).
        scores: (B, classes).
    """
    images, scores = mix(clips.flatten(1, 2), scores)
    return images.unflatten(1, clips.shape[1:3]), scores
