"""What a pretraining sees of each image, in words."""

from __future__ import annotations

from mmengine.runner import Runner
from mmpretrain.datasets.transforms import RandomCrop, RandomResizedCrop
from torch.utils.data import Dataset

from mmgreen.datasets.images import UnlabelledImages
from mmgreen.engine.summary import images_per_batch


def describe_crops(runner: Runner) -> str | None:
    """How often each image is cropped, and how large its objects are in the crops.

    Returns:
        None, where the training images are no :class:`UnlabelledImages` or are not cropped by
        mmpretrain's RandomResizedCrop.
    """
    dataset = runner.train_dataloader.dataset
    crop = _transform(dataset, RandomResizedCrop)
    if crop is None:
        return None
    low, high = crop.crop_ratio_range
    near = _transform(dataset, RandomCrop)
    whole = 'it' if near is None else f'{_size(near.crop_size)} px of it'
    text = f'each image {_times(runner)} an epoch: {low:g} to {high:g} of {whole}, '
    text += f'shown at {_size(crop.scale)}'
    object_size = runner.cfg.get('object_size')
    if near is None or object_size is None:
        return text
    narrow, wide = (
        object_size * crop.scale[0] / (near.crop_size[0] * share**0.5) for share in (high, low)
    )
    return f'{text}, where {object_size} px (object_size) are {narrow:.0f} to {wide:.0f} px wide'


def _times(runner: Runner) -> str:
    loader = runner.train_dataloader
    crops = len(loader) * images_per_batch(loader) * runner.world_size
    times = f'{crops / len(loader.dataset):.3g}'
    return 'once' if times == '1' else f'{times} times'


def _transform(dataset: Dataset, kind: type) -> RandomCrop | RandomResizedCrop | None:
    """The first of that kind among the transforms of a dataset of unlabelled images."""
    if not isinstance(dataset, UnlabelledImages):
        return None
    return next((each for each in dataset.pipeline.transforms if isinstance(each, kind)), None)


def _size(sides: tuple[int, int]) -> str:
    return f'{sides[0]}x{sides[1]}'
