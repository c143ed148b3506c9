"""Whether a detector is scored against the file that its pictures come from, and can be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmengine.logging import MMLogger

from mmgreen.datasets.annotations import read_annotations
from mmgreen.datasets.errors import DataError

METRIC = 'CocoMetric'
OURS = 'mmgreen.CocoDataset'


def check_evaluation(config: Any, part: str, options: Iterable[str] = ()) -> None:
    """Makes sure that an evaluator reads the file of its data set, and finds there what it needs.

    The file is named twice in a config. Where an option of the command line has changed it for the
    data set alone, the evaluator follows.

    Args:
        config: a config with the loader and the evaluator of ``part``; both are changed.
        part: 'val' or 'test'.
        options: dotted keys of ``--cfg-options``.

    Raises:
        DataError: if they name different files, or nothing can be scored against the file. Where
            it is read by ``mmgreen.CocoDataset``, that says so.
        MissingFileError: if the file is missing.
    """
    dataset = (config.get(f'{part}_dataloader') or {}).get('dataset') or {}
    for evaluator in _coco_evaluators(config.get(f'{part}_evaluator')):
        if not evaluator.get('ann_file') or not dataset.get('ann_file'):
            continue
        _follow(evaluator, dataset, part, options)
        if not evaluator.get('format_only'):
            _check_scored(evaluator, dataset)


def _coco_evaluators(evaluators: Any) -> Iterator[dict]:
    each = evaluators if isinstance(evaluators, list | tuple) else [evaluators]
    yield from (one for one in each if one and str(one.get('type')).split('.')[-1] == METRIC)


def _follow(evaluator: dict, dataset: Mapping, part: str, options: Iterable[str]) -> None:
    ours = os.path.join(dataset.get('data_root') or '', dataset['ann_file'])
    if os.path.realpath(ours) == os.path.realpath(evaluator['ann_file']):
        return
    changed = [key for key in options if key.startswith(f'{part}_dataloader.dataset.')]
    is_named = any(key.startswith(f'{part}_evaluator') for key in options)
    if not changed or is_named:
        raise DataError(
            f'{part}_dataloader reads {ours}, but {part}_evaluator scores against '
            f'{evaluator["ann_file"]}: give both the same annotation file '
            f'({part}_evaluator.ann_file).'
        )
    MMLogger.get_current_instance().info(
        f'{part}_evaluator.ann_file follows {changed[0]}: scores are against {ours}.'
    )
    evaluator['ann_file'] = ours


def _check_scored(evaluator: Mapping, dataset: dict) -> None:
    """Looks at what is scored: our data set does when it reads the file, for others it is read."""
    metric = evaluator.get('metric', 'bbox')
    metrics = [metric] if isinstance(metric, str) else list(metric)
    path = evaluator['ann_file']
    if dataset.get('type') == OURS:
        dataset['scored'] = metrics
    elif '://' not in path and not evaluator.get('backend_args'):
        # pycocotools is there where there is a CocoMetric, and not where there is none.
        from mmgreen.datasets.objects import check_scored

        check_scored(read_annotations(path), path, metrics)
