"""What is predicted of hidden patches: one class a target, with all that depends on it.

A new target is one more class here, or in a project of one's own, registered with
``mmgreen.registry.MODELS`` and named by ``head=dict(target=dict(type=...))``.

Letters in shapes: B images, C channels, T frames, H W pixels, n units, P target patches of them,
v values of a patch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmgreen.errors import InputError
from mmgreen.models.hidden_errors import HiddenErrors
from mmgreen.ops.choices import take_places
from mmgreen.ops.histograms import CELL, HOG_PATCH, NUM_BINS, histograms_of_gradients
from mmgreen.ops.layout import (
    FRAMES_PER_TOKEN,
    cut_patches,
    film_strip,
    paste_patches,
    unroll,
)
from mmgreen.ops.masking import unit_grid
from mmgreen.ops.targets import (
    FLATTEN_ORDERS,
    flatten_patches,
    patch_statistics,
    squared_error,
    unflatten_patches,
)


class Target:
    """What is predicted of each patch; made by the head, which gives its own settings.

    Attributes:
        patch_size: pixels a side of a target patch.
        unit_size: pixels a side of a mask unit.
        order: how a patch is flattened, 'hwc' or 'chw'.
    """

    def __init__(self, patch_size: int = 32, unit_size: int = 32, order: str = 'hwc'):
        self.patch_size = patch_size
        self.unit_size = unit_size
        self.order = order

    def num_values(self, channels: int) -> int:
        """v, for images of so many channels."""
        raise NotImplementedError

    def values(self, images: Tensor, units: Tensor) -> Tensor:
        """What should be predicted for the patches of the units.

        Args:
            images: (B, C, H, W) or clips (B, C, T, H, W), normalised; of clips the first frame of
                each two is predicted.
            units: (n,) or (B, n) int64 on the device of the images.

        Returns:
            (B, P, v) float32, patches in unit order.
        """
        raise NotImplementedError

    def own_means(self, values: Tensor) -> Tensor:
        """(B, P, v): each patch as one who knows nothing but its mean would predict it.

        Args:
            values: (B, P, v) float32, of :meth:`values`.
        """
        return values.mean(2, keepdim=True).expand_as(values)

    def errors(self, pred: Tensor, values: Tensor) -> HiddenErrors:
        """The error of a prediction, and of those that know nothing of an image.

        Args:
            pred: (B, P, v).
            values: (B, P, v) float32, of :meth:`values`.
        """
        mean = values.mean((0, 1)).expand_as(values)
        predictions = (pred, self.own_means(values), mean)
        return HiddenErrors(*(squared_error(each, values) for each in predictions))

    def to_picture(self, pred: Tensor, images: Tensor) -> Tensor:
        """Predictions for all patches as images.

        Args:
            pred: (B, P, v), of every unit, in unit order.
            images: (B, C, H, W), of clips the film strip: what statistics may be taken from.

        Returns:
            (B, C, H, W) float32.

        Raises:
            ValueError: if no picture follows from such values; says why.
        """
        raise NotImplementedError


class Pixels(Target):
    """The pixels of a patch, normalised as the images are."""

    def num_values(self, channels: int) -> int:
        """See :meth:`Target.num_values`."""
        return self.patch_size**2 * channels

    def values(self, images: Tensor, units: Tensor) -> Tensor:
        """See :meth:`Target.values`."""
        return self._pixels(film_strip(images), units)

    def own_means(self, values: Tensor) -> Tensor:
        """See :meth:`Target.own_means`; a tint, the mean of each channel."""
        channels = values.shape[-1] // self.patch_size**2
        patches = unflatten_patches(values, self.order, channels)
        return flatten_patches(patches.mean((-2, -1), keepdim=True).expand_as(patches), self.order)

    def to_picture(self, pred: Tensor, images: Tensor) -> Tensor:
        """See :meth:`Target.to_picture`."""
        grid = unit_grid(*images.shape[-2:], self.unit_size)
        return paste_patches(unflatten_patches(pred.float(), self.order, images.shape[1]), grid)

    def _pixels(self, images: Tensor, units: Tensor) -> Tensor:
        patches = cut_patches(images.float(), units, self.unit_size, self.patch_size)
        return flatten_patches(patches, self.order)


class NormalisedPixels(Pixels):
    """The pixels of a patch, less their own mean and over their own deviation (MAE, section 4)."""

    def values(self, images: Tensor, units: Tensor) -> Tensor:
        """See :meth:`Target.values`."""
        pixels = super().values(images, units)
        mean, deviation = patch_statistics(pixels)
        return (pixels - mean) / deviation

    def to_picture(self, pred: Tensor, images: Tensor) -> Tensor:
        """See :meth:`Target.to_picture`; mean and deviation are those of the true patches."""
        rows, columns = unit_grid(*images.shape[-2:], self.unit_size)
        every = torch.arange(rows * columns, device=images.device)
        mean, deviation = patch_statistics(self._pixels(images, every))
        return super().to_picture(pred.float() * deviation + mean, images)


class Histograms(Target):
    """Histograms of gradients (MaskFeat), of clips frame by frame.

    See :func:`mmgreen.ops.histograms.histograms_of_gradients`.
    """

    def __init__(self, patch_size: int = 32, unit_size: int = 32, order: str = 'hwc'):
        super().__init__(patch_size, unit_size, order)
        if patch_size != HOG_PATCH:
            raise InputError(
                f"target='hog' needs patch_size={HOG_PATCH}, not {patch_size}: its histograms are "
                f'made for patches of {HOG_PATCH} pixels.'
            )

    def num_values(self, channels: int) -> int:
        """See :meth:`Target.num_values`."""
        return channels * NUM_BINS * (HOG_PATCH // CELL) ** 2

    def values(self, images: Tensor, units: Tensor) -> Tensor:
        """See :meth:`Target.values`."""
        # Frame by frame: in a strip gradients would cross from one frame to the next.
        frames = images[:, :, None] if images.dim() == 4 else images[:, :, ::FRAMES_PER_TOKEN]
        maps = histograms_of_gradients(frames.transpose(1, 2).flatten(0, 1))
        strips = maps.unflatten(0, (len(images), -1)).transpose(1, 2).flatten(2, 3)
        by_unit = unroll(strips, self.unit_size // HOG_PATCH)
        return take_places(by_unit, units).flatten(1, 2)

    def to_picture(self, pred: Tensor, images: Tensor) -> Tensor:
        """Raises: pixels do not follow from histograms."""
        raise InputError(
            "Histograms of gradients are no pixels, so there is no picture of target='hog'; "
            'pretrain with norm_pixel or pixel to see reconstructions.'
        )


TARGETS = {'norm_pixel': NormalisedPixels, 'pixel': Pixels, 'hog': Histograms}


def check_order(order: str) -> None:
    """Refuses an unknown way to flatten patches.

    Raises:
        ValueError: names those that there are.
    """
    if order not in FLATTEN_ORDERS:
        raise InputError(f'order must be one of {tuple(FLATTEN_ORDERS)}, not {order!r}.')
