"""How many objects a detector can find in one image, and whether the data have more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.logging import MMLogger

OURS = 'mmgreen.CocoDataset'
HOW_TO_RAISE = 'raise max_per_image at the top of your config'


def most_found(model: Mapping[str, Any]) -> int | None:
    """The most objects that the detector of a config gives for one image; None if it has no limit.

    Args:
        model: the config of the model, of one stage or two.
    """
    tested = model.get('test_cfg') or {}
    return ((tested.get('rcnn') or tested) if isinstance(tested, Mapping) else {}).get(
        'max_per_img'
    )


def tell_caps(config: Mapping[str, Any]) -> None:
    """Lets the data sets of a config know how many objects its detector can find.

    Args:
        config: with ``model`` and loaders, whose data sets of ours are changed.
    """
    most = most_found(config.get('model') or {})
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (config.get(loader) or {}).get('dataset') or {}
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        if most and dataset.get('type') == OURS:
            dataset['most_found'] = most


def warn_of_cap(image_ids: Iterable[Any], most: int | None, path: str) -> None:
    """Says in the log where an image has more objects than can be found.

    Args:
        image_ids: of the image of each object.
        most: objects that can be found in one.
        path: of the annotation file, for the message.
    """
    counts = Counter(image_ids)
    fullest = max(counts.values(), default=0)
    if most and fullest > most:
        number = sum(count > most for count in counts.values())
        MMLogger.get_current_instance().warning(
            f'{path}: {fullest} objects in one image (more than {most} in {number} of '
            f'{len(counts)}); at most {most} can be found: {HOW_TO_RAISE}, or cut the images '
            '(tile_images).'
        )
