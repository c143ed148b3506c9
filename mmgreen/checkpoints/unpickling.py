"""A pickle module that builds tensors, plain values and nothing else.

This module is what ``torch.load(..., pickle_module=unpickling)`` asks for: it has an ``Unpickler``
and a ``load``. Official checkpoints carry a few objects that ``weights_only=True`` refuses (the
training script's ``argparse.Namespace``, a yacs config, mmengine's log history, numpy numbers).
Those become inert stand-ins here; any other name in the file stops the reading.
"""

from __future__ import annotations

import collections
import pickle
from typing import Any, BinaryIO

import numpy as np
import torch
from torch._utils import _rebuild_parameter, _rebuild_tensor, _rebuild_tensor_v2

__all__ = ['InertDict', 'InertObject', 'RefusedNameError', 'Unpickler', 'load']


class RefusedNameError(pickle.UnpicklingError):
    """The file asks for an object that is neither known nor needed; the message is its name."""


class InertObject:
    """Stands in for an object of the training script: its attributes as a dict, no behaviour."""

    def __init__(self) -> None:
        self.values: Any = None

    def __setstate__(self, state: Any) -> None:
        self.values = state


class InertDict(dict):
    """Stands in for a config that was a dict subclass: its items, no behaviour."""

    def __setstate__(self, state: Any) -> None:
        """Drops the attributes beside the items (yacs keeps its frozen flag there)."""


class _History(InertObject):
    """Stands in for mmengine's ``HistoryBuffer``, which pickles names of its own methods."""


def _method_name(owner: type, name: str) -> str:
    """What a ``getattr`` in a pickle becomes: the name, and only for the log history's methods."""
    if owner is not _History:
        raise RefusedNameError('builtins.getattr')
    return name


def _latin1(text: str, encoding: str) -> bytes:
    """What ``_codecs.encode`` becomes: pickle protocol 2 writes bytes as latin-1 text."""
    if encoding != 'latin1':
        raise RefusedNameError('_codecs.encode')
    return text.encode('latin1')


# numpy's rebuilders have moved between its versions, so they are taken from what it would pickle.
_rebuild_numpy_array = np.zeros(0).__reduce__()[0]
_rebuild_numpy_scalar = np.float64(0).__reduce__()[0]

_DTYPES = {
    ('torch', str(dtype).removeprefix('torch.')): dtype
    for dtype in vars(torch).values()
    if isinstance(dtype, torch.dtype)
}

_KNOWN: dict[tuple[str, str], Any] = {
    ('collections', 'OrderedDict'): collections.OrderedDict,
    ('collections', 'Counter'): collections.Counter,
    ('collections', 'defaultdict'): collections.defaultdict,
    ('builtins', 'dict'): dict,
    ('builtins', 'list'): list,
    ('builtins', 'set'): set,
    ('builtins', 'slice'): slice,
    ('builtins', 'getattr'): _method_name,
    ('_codecs', 'encode'): _latin1,
    ('torch._utils', '_rebuild_tensor'): _rebuild_tensor,
    ('torch._utils', '_rebuild_tensor_v2'): _rebuild_tensor_v2,
    ('torch._utils', '_rebuild_parameter'): _rebuild_parameter,
    ('torch', 'Size'): torch.Size,
    ('torch', 'device'): torch.device,
    ('torch.storage', 'UntypedStorage'): torch.UntypedStorage,
    **_DTYPES,
    ('numpy', 'dtype'): np.dtype,
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy.core.multiarray', 'scalar'): _rebuild_numpy_scalar,
    ('numpy.core.multiarray', '_reconstruct'): _rebuild_numpy_array,
    ('argparse', 'Namespace'): InertObject,
    ('yacs.config', 'CfgNode'): InertDict,
    ('mmengine.logging.history_buffer', 'HistoryBuffer'): _History,
}

# The same things under the names that Python 2 and numpy 2 give them.
_RENAMED = {'__builtin__': 'builtins', 'numpy._core.multiarray': 'numpy.core.multiarray'}


class Unpickler(pickle.Unpickler):
    """Unpickler for which the names in the table above are all that exists."""

    def find_class(self, module: str, name: str) -> Any:
        """The object of that name, or its stand-in.

        Raises:
            RefusedNameError: for a name that is not in the table.
        """
        known = _KNOWN.get((_RENAMED.get(module, module), name))
        if known is None:
            raise RefusedNameError(f'{module}.{name}')
        return known


def load(file: BinaryIO, encoding: str = 'ASCII') -> Any:
    """The next pickle in ``file``; ``torch.load`` calls it for the parts of its older format."""
    return Unpickler(file, encoding=encoding).load()
