"""Data samples that come with masks and the plan that follows from them, made by a worker.

Letters in shapes: B images, U units.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.structures import BaseDataElement
from mmpretrain.structures import DataSample
from torch import Tensor

from mmgreen.nets.contract import Plan


class PlannedBatch(BaseDataElement):
    """What a pretraining model takes as ``data_samples`` where masks are planned already.

    It stands where the list of samples would, and reads like it, for preprocessors hand on images
    and samples, no more.

    Attributes:
        samples: one data sample an image.
        masked: (B, U) bool on the CPU, True = hidden.
        plan: what the backbone's ``plan_visible`` made of ``masked``.
    """

    samples: list[DataSample]
    masked: Tensor
    plan: Plan

    def __init__(self, samples: list[DataSample], masked: Tensor, plan: Plan):
        super().__init__(samples=samples, masked=masked, plan=plan)

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[DataSample]:
        return iter(self.samples)

    def __getitem__(self, place: int) -> DataSample:
        return self.samples[place]

    def to(self, device: torch.device, non_blocking: bool = True) -> PlannedBatch:
        """Samples and plan on ``device``; ``masked`` stays on the CPU, where it is read."""
        samples = [sample.to(device, non_blocking=non_blocking) for sample in self.samples]
        return PlannedBatch(samples, self.masked, self.plan.to(device))
