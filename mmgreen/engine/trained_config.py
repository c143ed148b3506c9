"""The config that a checkpoint carries as data, and what a config of today has otherwise.

Values given with ``--cfg-options`` are in no file of the user's, and files are edited: a detector
that was trained on images of 320 px is then scored on 640 px, and nothing says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmgreen.checkpoints.facts import facts_in, plain

# What changes no prediction: where weights came from, what is for training only, and memory.
OF_TRAINING = (
    *('init_cfg', 'pretrained', 'train_cfg', 'with_cp', 'frozen_stages', 'norm_eval'),
    *('drop_path_rate', 'drop_rate', 'attn_drop_rate', 'batch_augments'),
)
# Steps without which, or with other settings of which, a model sees the same pixels.
NOT_SEEN = ('ReadImage', 'LoadImageFromFile', 'LoadAnnotations')
PACKING = 'Pack'
MOST_LINES = 10
ABSENT = 'nothing'


def trained_config(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """What of a config decides about predictions, as plain values.

    Returns:
        ``model`` with its data preprocessor, ``val`` and ``test``: the pipelines of these data
        loaders, each None where the config has none.
    """
    model = cfg.get('model') or {}
    if 'tta_model' in cfg and 'module' in model:
        model = model['module']
    preprocessor = model.get('data_preprocessor') or cfg.get('data_preprocessor')
    loaders = {name: cfg.get(f'{name}_dataloader') or {} for name in ('val', 'test')}
    pipelines = {name: _pipeline_of(loader.get('dataset')) for name, loader in loaders.items()}
    return {'model': plain({**model, 'data_preprocessor': preprocessor}), **plain(pipelines)}


def other_than_trained(
    checkpoint: Mapping[str, Any], cfg: Mapping[str, Any], source: str
) -> str | None:
    """What a config has otherwise than the one with which a checkpoint was trained.

    Args:
        checkpoint: content of the file.
        cfg: with which it is to be used, options of the command line included.
        source: the file, for the message.

    Returns:
        One line for each difference below a sentence. None where nothing differs, and where the
        checkpoint does not say with what it was trained.
    """
    trained = facts_in(checkpoint).get('config')
    if not trained:
        return None
    now = trained_config(cfg)
    lines = list(_differences('model', trained['model'], now['model']))
    lines += _other_pipeline(trained, now)
    if not lines:
        return None
    more = [f'and {len(lines) - MOST_LINES} more'] if len(lines) > MOST_LINES else []
    return '\n  '.join(
        [
            f'{source} was trained with other values than this config has (those of the training '
            'are in the config that lies in its work folder):',
            *lines[:MOST_LINES],
            *more,
        ]
    )


def _pipeline_of(dataset: Mapping[str, Any] | None) -> Sequence | None:
    """The pipeline of a dataset's config, wrapped or not."""
    dataset = dataset or {}
    while 'pipeline' not in dataset and ('dataset' in dataset or 'datasets' in dataset):
        dataset = dataset['dataset'] if 'dataset' in dataset else dataset['datasets'][0]
    return dataset.get('pipeline')


def _other_pipeline(trained: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Differences of the pipeline that is used now.

    It may be that of the training's validation, or, where validation is as it was, that of its
    test, which some recipes have otherwise on purpose.
    """
    then = {name: _seen_steps(trained[name]) for name in ('val', 'test')}
    used, val = _seen_steps(now['test']), _seen_steps(now['val'])
    if None in (used, then['val'] or then['test']) or used == then['val']:
        return []
    # Of a training without validation nothing can be lost.
    is_lost_option = then['val'] is not None and used == then['test'] and val != then['val']
    reference = then['val'] if is_lost_option or then['test'] is None else then['test']
    kinds = [[_kind_of(step) for step in steps] for steps in (reference, used)]
    if kinds[0] != kinds[1]:
        return [_said('pipeline', *(', '.join(each) or ABSENT for each in kinds))]
    pairs = zip(kinds[0], reference, used, strict=True)
    return [line for pair in pairs for line in _differences(*pair)]


def _seen_steps(pipeline: Sequence[Mapping] | None) -> list[Mapping] | None:
    """The steps that change what a model sees."""
    if pipeline is None:
        return None
    kinds = [(_kind_of(step), step) for step in pipeline]
    return [step for kind, step in kinds if kind not in NOT_SEEN and not kind.startswith(PACKING)]


def _kind_of(step: Mapping[str, Any] | str) -> str:
    """The name of a class without its package; a step that is no dict was made plain as a text."""
    kind = step.get('type') if isinstance(step, Mapping) else step
    return str(kind).split('.')[-1]


def _differences(name: str, then: Any, now: Any) -> Iterator[str]:
    """A line for each value that differs, by its dotted name."""
    values = [dict(_leaves(name, each)) for each in (then, now)]
    for key in {**values[0], **values[1]}:
        before, after = (each.get(key, ABSENT) for each in values)
        if before != after:
            yield _said(key, before, after)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key not in OF_TRAINING:
                yield from _leaves(f'{name}.{key}', child)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for place, child in enumerate(value):
            yield from _leaves(f'{name}.{place}', child)
    else:
        yield name, _kind_of(value) if name.endswith('.type') else value


def _said(name: str, then: Any, now: Any) -> str:
    return f'{name}: {_shown(then)} trained, {_shown(now)} now'


def _shown(value: Any, most: int = 80) -> str:
    text = str(tuple(value) if isinstance(value, list) else value)
    return text if len(text) <= most else f'{text[:most]}...'
