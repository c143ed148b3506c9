"""Options of the command line, checked before a long run begins.

mmengine takes any ``--cfg-options`` key, and does not carry a changed value into what was computed
from it while the config was read. Both go unnoticed for as long as training lasts.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import mmengine.registry
from mmengine.hooks import Hook
from mmengine.model import PretrainedInit
from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.registry import Registry
from mmengine.runner import (
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    LogProcessor,
    Runner,
    TestLoop,
    ValLoop,
)
from mmengine.utils import get_object_from_string
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from mmgreen.checkpoints import load_pretrained
from mmgreen.errors import InputError

# What Runner.__init__ takes, and what Runner and the tools look up in the config.
TOP_KEYS = {
    *(set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}),
    *('runner_type', 'model_wrapper_cfg', 'find_unused_parameters', 'sync_bn', 'compile'),
    *('activation_checkpointing', 'efficient_conv_bn_eval', 'tta_model', 'tta_pipeline'),
}
# Keys that are taken out of a config before one of these is built from it.
EXTRA_KEYS = {
    Hook: {'priority'},
    OptimWrapper: {'constructor', 'paramwise_cfg'},
    _ParamScheduler: {'convert_to_iter_based'},
    DataLoader: {'num_batch_per_epoch', 'disable_subprocess_warning'},
    EpochBasedTrainLoop: {'by_epoch'},
    PretrainedInit: set(inspect.signature(load_pretrained).parameters) - {'module', 'path', 'part'},
}
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
# What is built from the sections that need no ``type``.
BUILT_FROM = {
    'train_dataloader': [DataLoader],
    'val_dataloader': [DataLoader],
    'test_dataloader': [DataLoader],
    'train_cfg': [EpochBasedTrainLoop, IterBasedTrainLoop],
    'val_cfg': [ValLoop],
    'test_cfg': [TestLoop],
    'optim_wrapper': [OptimWrapper],
    'log_processor': [LogProcessor],
    'model_wrapper_cfg': [DistributedDataParallel],
    'randomness': [Runner.set_randomness],
}


def check_options(options: Mapping[str, Any], before: Mapping, after: Mapping) -> None:
    """Refuses an option that nothing reads.

    A key is read if the config had it already, if the class that the nearest ``type`` above it
    names takes it, or if the Runner does. A value at the top of a config from which others follow
    (``data_root``) was read while the file was, and is not read again.

    Args:
        options: what ``--cfg-options`` gave: dotted keys and their values.
        before: the config as its file has it.
        after: the config with all options and flags merged into it.

    Raises:
        ValueError: names the unread option, and what to set instead.
    """
    for key in options:
        parts = key.split('.')
        if parts[0] not in TOP_KEYS:
            raise InputError(f'--cfg-options {key}: {_unread_at_the_top(parts, before)}')
        place = _first_new(parts, before)
        if place:
            _check_new_key(parts[:place], parts[place], after)
        elif place is None:
            _check_kind(key, _value_at(parts, before), options[key])


def _value_at(parts: Sequence[str], config: Mapping) -> Any:
    """What stands at a dotted key; None where a plain value lies above it."""
    node = config
    for part in parts:
        if isinstance(node, list | tuple):
            node = node[int(part)]
        else:
            node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _check_kind(key: str, old: Any, new: Any) -> None:
    """Refuses a text in the place of a number or of yes and no."""
    if isinstance(old, int | float) and isinstance(new, str):
        kind = 'True or False' if isinstance(old, bool) else 'a number'
        raise InputError(f'--cfg-options {key}={new}: it has to be {kind}, as {old} in the config.')


def _first_new(parts: Sequence[str], config: Mapping) -> int | None:
    """Which part of a dotted key the config lacks; None if it has them all."""
    node = config
    for place, part in enumerate(parts):
        if isinstance(node, list | tuple):
            node = node[int(part)]
        elif isinstance(node, Mapping) and part in node:
            node = node[part]
        else:
            # Where a dict replaces a plain value (``init_cfg=None``) there is nothing to go by.
            return place if isinstance(node, Mapping) else None
    return None


def _check_new_key(parents: Sequence[str], part: str, after: Mapping) -> None:
    """Refuses the key ``part`` of the section that ``parents`` lead to, if nothing takes it."""
    section = after
    for parent in parents:
        section = section[parent] if isinstance(section, Mapping) else section[int(parent)]
    path, siblings = '.'.join(parents), set(section) - {part, 'type'}
    built = _named_by(section['type'], after) if 'type' in section else BUILT_FROM.get(path, [])
    taken = [parameters(each) for each in built]
    known = set().union(*taken) if taken and None not in taken else None
    if known is not None and part in known:
        return
    # Where the keys are not known, only a near twin of one that is there is taken for a slip.
    nearest = difflib.get_close_matches(
        part, (known or set()) | siblings, n=1, cutoff=0.5 if known else 0.8
    )
    if nearest:
        hint = f'did you mean {path}.{nearest[0]}?'
    elif known is not None:
        hint = f'{section.get("type", path)} takes {", ".join(sorted(known))}.'
    else:
        return
    raise InputError(f'--cfg-options {path}.{part}: nothing reads this option; {hint}')


def parameters(built: Callable) -> set[str] | None:
    """Names of the arguments that a class or function takes.

    The base classes are asked for theirs as long as ``**kwargs`` hands arguments on to them.

    Returns:
        The names, or None if there is no telling because ``**kwargs`` takes them all.
    """
    names: set[str] = set()
    steps = [built]
    if inspect.isclass(built):
        names = names.union(*(keys for base, keys in EXTRA_KEYS.items() if issubclass(built, base)))
        bases = [base for base in built.__mro__ if base not in (nn.Module, object)]
        steps = [base.__init__ for base in bases if '__init__' in vars(base)]
    open_ended = False
    for step in steps:
        found = inspect.signature(step).parameters.values()
        names |= {each.name for each in found if each.kind in NAMED} - {'self'}
        open_ended = any(each.kind is each.VAR_KEYWORD for each in found)
        if not open_ended:
            break
    return None if open_ended else names


def _named_by(type_name: str | Callable, config: Mapping) -> list[Callable]:
    """What ``type`` may name, in any registry: in that of its package, else in mmengine's."""
    if not isinstance(type_name, str):
        return [type_name]
    scope, _, name = type_name.rpartition('.')
    if '.' in scope or scope == 'torch':  # A path to import, as in mmcv.transforms.RandomFlip.
        return [each for each in [get_object_from_string(type_name)] if each]
    scope = scope or config.get('default_scope') or 'mmengine'
    try:
        importlib.import_module(f'{scope}.registry')
    except ImportError:
        return []
    roots = (each for each in vars(mmengine.registry).values() if isinstance(each, Registry))
    found = (root.children.get(scope, root).get(name) for root in roots)
    return [each for each in found if each]


def _unread_at_the_top(parts: Sequence[str], config: Mapping) -> str:
    """Why an option that begins with a key unknown to the Runner changes nothing."""
    name = parts[0]
    read = {key: config[key] for key in config if key in TOP_KEYS}
    uses = [path for path, _ in _nodes(read) if path.split('.')[-1] == parts[-1]]
    if name not in config:
        nearest = difflib.get_close_matches(name, TOP_KEYS, n=1, cutoff=0.7)
        uses = ['.'.join((nearest[0], *parts[1:]))] if nearest else uses
        return f'nothing reads this option{_instead(uses)}.'
    if not uses:
        words = set(parts[-1].split('_'))
        keys = [path for path, _ in _nodes(read)]
        uses = [path for path in keys if words <= set(path.split('.')[-1].split('_'))]
    return (
        'the config used this value while it was read, and nothing reads it again'
        f'{_instead(uses)}; or change it in a copy of the config.'
    )


def _instead(uses: Sequence[str]) -> str:
    return f'; set {" and ".join(uses[:4])} instead' if uses else ''


def _nodes(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Every value in nested dicts and lists, with its dotted path."""
    if path:
        yield path, node
    if isinstance(node, Mapping):
        children = node.items()
    elif isinstance(node, list | tuple):
        children = enumerate(node)
    else:
        children = ()
    for key, child in children:
        yield from _nodes(child, f'{path}.{key}' if path else str(key))
