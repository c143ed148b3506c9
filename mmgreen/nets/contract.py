"""The one contract of every encoder that can see a part of an image.

docs/add_a_backbone.md adds a net by it. Letters in shapes: B images, C channels, T frames, H W
pixels, U units, V_s tokens of the visible units after stage s.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from mmgreen.ops.masking import UNIT_SIZE, check_masked, unit_grid


class Plan(Protocol):
    """All that ``masked`` decides about a forward pass: immutable, made on the CPU, picklable.

    A NamedTuple of tensors is one.
    """

    def to(self, device: torch.device) -> Plan:
        """The same plan on ``device``, without waiting for it."""


class VisibleEncoder(nn.Module):
    """An encoder that computes features of the visible units of masked images from nothing else.

    A net gives :meth:`plan_visible` and :meth:`encode_visible`, and :meth:`unit_grid` if its images
    are not plain ones; :meth:`forward_visible` follows from these three.
    """

    unit_size: int = UNIT_SIZE
    """Pixels a side of a mask unit."""
    plan_grows_with_batch: bool = False
    """Whether :meth:`plan_visible` takes longer the more images have masks of their own, so that
    the data loader's workers should plan instead of the training step."""

    def unit_grid(self, images: Tensor) -> tuple[int, ...]:
        """Mask units of images: (rows, columns), for clips (t, rows, columns).

        Their number U is the product, in raster order, time outermost.

        Args:
            images: (B, C, H, W), or clips (B, C, T, H, W); only the shape is looked at.

        Raises:
            ValueError: if the images are not whole units.
        """
        return unit_grid(*images.shape[-2:], self.unit_size)

    def plan_visible(self, masked: Tensor, grid: tuple[int, ...]) -> Plan:
        """What :meth:`encode_visible` needs to know of the masks, made on the CPU.

        Reads no weights: it may run in another process, on :meth:`without_weights`.

        Args:
            masked: (U,) bool on the CPU shared by the batch, or (B, U), one row an image; True =
                hidden.
            grid: as :meth:`unit_grid` gives it.
        """
        raise NotImplementedError

    def encode_visible(self, images: Tensor, plan: Plan) -> tuple[Tensor, ...]:
        """:meth:`forward_visible` once the plan is on the device of the images.

        Nothing but tensors and their sizes changes from call to call, so this is the part to
        compile: ``torch.compile(net.encode_visible, dynamic=True)``.
        """
        raise NotImplementedError

    def forward_visible(self, images: Tensor, masked: Tensor) -> tuple[Tensor, ...]:
        """Features of what is visible of masked images, computed from nothing else.

        Args:
            images: (B, C, H, W) or clips (B, C, T, H, W), whole units.
            masked: (U,) bool shared by the batch, or (B, U), one row an image; True = hidden, the
                units in raster order, time outermost. On the CPU, or this waits for the device.

        Returns:
            One (B, V_s, C_s) for each stage: the tokens of the visible units, in unit order.

        Raises:
            TypeError, ValueError: if ``masked`` is no valid choice for the images, they are not
                whole units, or the net cannot run on masked images as it was built.
        """
        grid = self.unit_grid(images)
        plan = self.plan_visible(check_masked(masked, grid, len(images)), grid)
        return self.encode_visible(images, plan.to(images.device))

    def without_weights(self) -> VisibleEncoder:
        """A net that can tell its grid and plan, no more: it has no parameters, buffers, children.

        So it goes to a data loader's workers at no cost.
        """
        bare = object.__new__(type(self))
        nn.Module.__init__(bare)
        settings = {name: value for name, value in vars(self).items() if name not in vars(bare)}
        vars(bare).update(settings)
        return bare
