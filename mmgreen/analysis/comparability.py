"""Whether what several configs describe can be compared: the task, the size of images, the data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from mmengine.config import Config

from mmgreen.errors import InputError
from mmgreen.models import PretrainingModel
from mmgreen.registry import MODELS

PAD = 32  # pixels; sides that a detector pads its images to are multiples of it


def task_of(config: Config) -> str | None:
    """'pretraining', 'detection' or 'classification'; None of another library's net, a backbone."""
    name = config.get('model', {}).get('type')
    if name is None:
        return None
    with MODELS.switch_scope_and_registry(config.get('default_scope', 'mmpretrain')) as registry:
        kind = registry.get(name)
    return task_of_class(kind) if isinstance(kind, type) else None


def task_of_class(kind: type) -> str | None:
    """The task of models of this class, as :func:`task_of` names it."""
    if issubclass(kind, PretrainingModel):
        return 'pretraining'
    names = {each.__name__ for each in kind.__mro__}
    if 'BaseDetector' in names:
        return 'detection'
    return 'classification' if 'BaseClassifier' in names else None


def size_of(config: Config) -> tuple[int, int] | None:
    """Height and width of the images that a config works on, padded; None if it does not say.

    Of a detector those of its test; images are taken as lying on their longer side.
    """
    if task_of(config) == 'detection':
        found = _find(config.get('test_dataloader', {}), 'scale', 'mmdet.Resize', 'Resize')
        return found and tuple(-(-side // PAD) * PAD for side in sorted(found))
    size = config.get('model', {}).get('backbone', {}).get('img_size')
    return (size, size) if isinstance(size, int) else size and tuple(size)


def data_of(config: Config) -> str | None:
    """Where the training data of a config are; None if it has none."""
    dataset = config.get('train_dataloader', {}).get('dataset', {})
    while 'dataset' in dataset:  # a wrapper
        dataset = dataset['dataset']
    root = dataset.get('data_root')
    return root and os.path.normpath(os.path.join(root, dataset.get('ann_file', '')))


def check_tasks(configs: Sequence[Config]) -> None:
    """Refuses configs of different tasks.

    Raises:
        ValueError: names the first two that differ.
    """
    _check(configs, task_of, 'is for {}', 'compare configs of one task.')


def check_sizes(configs: Sequence[Config], remedy: str) -> None:
    """Refuses configs that work on images of different sizes.

    Raises:
        ValueError: names the first two that differ, and the remedy.
    """

    def text(config: Config) -> str | None:
        size = size_of(config)
        return size and f'{size[0]}x{size[1]} px'

    _check(configs, text, 'works on images of {}', f'{remedy}.')


def check_data(configs: Sequence[Config]) -> None:
    """Refuses configs that train on different data.

    Raises:
        ValueError: names the first two that differ.
    """
    _check(configs, data_of, 'trains on {}', 'scores from different data say nothing together.')


def _check(
    configs: Sequence[Config], describe: Callable[[Config], str | None], words: str, remedy: str
) -> None:
    known = [(config.filename, text) for config in configs if (text := describe(config))]
    for name, text in known[1:]:
        if text != known[0][1]:
            raise InputError(
                f'{known[0][0]} {words.format(known[0][1])}, but {name} {words.format(text)}; '
                f'{remedy}'
            )


def _find(node: object, key: str, *types: str) -> object:
    """The first value of ``key`` beside one of these ``type``s in nested dicts and lists."""
    for each in _dicts(node):
        if each.get('type') in types and key in each:
            return each[key]
    return None


def _dicts(node: object) -> Iterator[dict]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from _dicts(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _dicts(child)
