"""Whether the classes of a config fit the data, the outputs of a model and a checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.registry import DATASETS

from mmgreen.datasets.errors import DataError
from mmgreen.errors import InputError

# These tell objects from background only, or divide into classes of their own.
WITHOUT_CLASSES = ('rpn_head', 'semantic_head')
# A detector with one of these has outputs for words, or for the countable ones of its classes.
OTHER_OUTPUTS = ('language_model', 'panoptic_fusion_head')


def check_categories(
    categories: Sequence[str],
    classes: Sequence[str],
    path: str,
    only_some_classes: bool = False,
) -> None:
    """Refuses ``classes`` that are not the categories of an annotation file in the file's order.

    Args:
        categories: names in the file, in its order.
        classes: names in the config, in the order of the model's outputs.
        path: of the file, for the message.
        only_some_classes: whether the file may have more.

    Raises:
        DataError: prints both lists.
    """
    if isinstance(classes, str) or not classes:
        raise DataError(
            f'classes are {classes!r}, not a list of names; set classes = {tuple(categories)}, as '
            f'{path} has them.'
        )
    twice = [name for name, count in Counter(categories).items() if count > 1]
    if twice:
        raise DataError(f'{path} has two categories of the name {twice[0]!r}; merge them.')
    lists = f'The file has {tuple(categories)}, classes are {tuple(classes)}.'
    absent = [name for name in classes if name not in categories]
    if absent:
        raise DataError(
            f'{path} has no category {", ".join(map(repr, absent))}; name classes as the file '
            f'does. {lists}'
        )
    more = [name for name in categories if name not in classes]
    if only_some_classes:
        categories = [name for name in categories if name in classes]
    elif more:
        raise DataError(
            f'{path} has the categories {", ".join(map(repr, more))}, which are not in classes: '
            f'add them, or give the dataset only_some_classes=True to leave them out. {lists}'
        )
    if list(categories) != list(classes):
        raise DataError(
            f'classes have another order than the categories in {path}, whose order counts: set '
            f'classes = {tuple(categories)} if nothing was trained yet, or sort the categories of '
            f'the file if a checkpoint or other files have the order of classes. {lists}'
        )


def classes_in(checkpoint: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the classes in a checkpoint of mmengine or of the time before it; () if none."""
    meta = checkpoint.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    dataset = meta.get('dataset_meta')
    names = dataset if isinstance(dataset, Mapping) else meta
    return _as_names({str(key).lower(): value for key, value in names.items()}.get('classes'))


def _as_names(classes: Any) -> tuple[str, ...]:
    if isinstance(classes, str):
        return (classes,)
    return tuple(map(str, classes)) if isinstance(classes, list | tuple) else ()


def compare_classes(
    trained: Sequence[str], given: Sequence[str] | None, source: str, where: str
) -> str | None:
    """Compares the classes that a checkpoint was trained on with those that it is used for.

    An output of a model stands for a place in the list, so a name at another place would be taken
    for another class, and everything scored as wrong.

    Args:
        trained: names in the checkpoint; empty if it has none: nothing to compare.
        given: names in the config or its data, in the order of the labels; None or empty likewise.
        source: the checkpoint, for the message.
        where: what has the names in ``given``, for the message, as in 'the test data have'.

    Returns:
        None where they are the same; a sentence to warn with where names differ.

    Raises:
        DataError: if a name of the one stands at another place in the other.
    """
    trained, given = _as_names(trained), _as_names(given)
    if not trained or not given or trained == given:
        return None
    lists = f'{source} was trained on the classes {_shown(trained)}; {where} {_shown(given)}'
    differing = [(a, b) for a, b in zip(trained, given, strict=False) if a != b]
    if len(trained) == len(given):
        moved = next(((a, b) for a, b in differing if b in trained), None)
        if moved:
            raise DataError(
                f'{lists}: the order is another, and {moved[1]!r} would be taken for {moved[0]!r}. '
                f'Set classes = {_shown(trained)}, and sort the categories of the annotation file '
                'in this order if they are in another.'
            )
    example = f' ({differing[0][0]!r} is taken for {differing[0][1]!r})' if differing else ''
    return f'{lists}. Other names: places in the list are compared, not names{example}.'


def _shown(names: Sequence[str], most: int = 30) -> str:
    if len(names) <= most:
        return str(tuple(names))
    return f'({", ".join(map(repr, names[:3]))}, ...: {len(names)} names)'


def check_num_outputs(num_outputs: int, classes: Sequence[str]) -> None:
    """Refuses a classifier that has not one output for each class of its data.

    Args:
        num_outputs: ``num_classes`` of its head.
        classes: names in the data, in the order of the labels.

    Raises:
        ValueError: names both numbers.
    """
    if num_outputs != len(classes):
        raise InputError(
            f'The data have {len(classes)} classes, {classes[:3]} first, but '
            f'model.head.num_classes is {num_outputs}; set it, and '
            f'model.data_preprocessor.num_classes, to {len(classes)}.'
        )


def check_outputs(model: Mapping, classes: Sequence[str], source: str) -> None:
    """Refuses names of classes that are not one for each output of a detector.

    Args:
        model: the config of the model.
        classes: names in the order of the labels.
        source: where they come from, for the message.

    Raises:
        ValueError: names the head and both numbers.
    """
    if any(part in model for part in OTHER_OUTPUTS):
        return
    for path, number in _num_classes(model, 'model'):
        if number != len(classes):
            raise InputError(
                f'{source} names {len(classes)} classes, {_shown(classes)}, but {path} is '
                f'{number}; '
                'give the config and the checkpoint of one training.'
            )


def check_num_classes(config: Mapping) -> None:
    """Refuses a detector with heads for another number of classes than its training data have.

    Args:
        config: a config of mmdet or of ours. One without classes passes, that is, with neither
            ``metainfo`` nor a dataset named with its package (``mmgreen.CocoDataset``), and
            so does a detector whose outputs are not one for each class.

    Raises:
        ValueError: names the head and both numbers.
    """
    dataset = (config.get('train_dataloader') or {}).get('dataset') or {}
    classes = classes_of(dataset)
    if not classes or isinstance(classes, str):  # The dataset says what is wrong with a text.
        return
    if any(part in config['model'] for part in OTHER_OUTPUTS):
        return
    for path, number in _num_classes(config['model'], 'model'):
        if number != len(classes):
            raise InputError(
                f'{path} is {number}, but the training data have {len(classes)} classes, '
                f'{tuple(classes)}; set {path}={len(classes)}.'
            )


def classes_of(dataset: Mapping) -> Any:
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
