"""Whether the heads of a detector have as many outputs as the data have classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.registry import DATASETS

# These tell objects from background only, or divide into classes of their own.
WITHOUT_CLASSES = ('rpn_head', 'semantic_head')
# A detector with one of these has outputs for words, or for the countable ones of its classes.
OTHER_OUTPUTS = ('language_model', 'panoptic_fusion_head')


def check_num_classes(config: Mapping) -> None:
    """Refuses a detector with heads for another number of classes than its training data have.

    Args:
        config: a config of mmdet or of ours. One without classes passes, that is, with neither
            ``metainfo`` nor a dataset named with its package (``mmgreen.coco.CocoDataset``), and
            so does a detector whose outputs are not one for each class.

    Raises:
        ValueError: names the head and both numbers.
    """
    dataset = (config.get('train_dataloader') or {}).get('dataset') or {}
    classes = _classes(dataset)
    if not classes or isinstance(classes, str):  # The dataset says what is wrong with a text.
        return
    if any(part in config['model'] for part in OTHER_OUTPUTS):
        return
    for path, number in _num_classes(config['model'], 'model'):
        if number != len(classes):
            raise ValueError(
                f'{path} is {number}, but the training data have {len(classes)} classes, '
                f'{tuple(classes)}; set {path}={len(classes)}.'
            )


def _classes(dataset: Mapping) -> Any:
    """The classes of a dataset's config, wrapped or not; None if it has none."""
    while 'dataset' in dataset or 'datasets' in dataset:
        # RepeatDataset and the like; the parts of a ConcatDataset have the same classes.
        dataset = dataset['dataset'] if 'dataset' in dataset else dataset['datasets'][0]
    if 'classes' in (dataset.get('metainfo') or {}):
        return dataset['metainfo']['classes']
    built = DATASETS.get(dataset['type']) if isinstance(dataset.get('type'), str) else None
    return getattr(built, 'METAINFO', {}).get('classes')


def _num_classes(node: Any, path: str) -> Iterator[tuple[str, int]]:
    """Every ``num_classes`` of a head, with its dotted path."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            if key == 'num_classes':
                yield f'{path}.{key}', child
            elif key not in WITHOUT_CLASSES:
                yield from _num_classes(child, f'{path}.{key}')
    elif isinstance(node, list | tuple):
        for place, child in enumerate(node):
            yield from _num_classes(child, f'{path}.{place}')
