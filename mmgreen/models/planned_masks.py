"""Masks that come to a model with the plan that follows from them, made by a data loader's worker.

Letters in shapes: B images, U units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from mmgreen.nets.swin import VisiblePlan


class PlannedMasks(NamedTuple):
    """The masks of a batch with what follows from them; the field ``planned`` of its first sample.

    They travel there because mmpretrain's preprocessor hands on images and samples, no more.
    """

    masked: Tensor
    """(B, U) bool on the CPU, True = hidden."""
    plan: VisiblePlan

    def to(self, device: torch.device, **_) -> PlannedMasks:
        """The plan on ``device``; ``masked`` stays on the CPU, where it is read."""
        return PlannedMasks(self.masked, self.plan.to(device))


def planned_masks(data_samples: Sequence[DataSample] | None) -> PlannedMasks | None:
    """What a worker has planned for this batch, or None."""
    return data_samples[0].get('planned') if data_samples else None
