"""Masked image pretraining of hierarchical vision transformers, and their transfer to detection.

Where mmcv was built without its compiled operators, importing this puts torchvision's in their
place, as soon as mmcv asks for them; see ``mmgreen/operators/mmcv_ext.py``.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from mmgreen.errors import MissingFileError

__version__ = '0.1.0'

__all__ = ['__version__', 'config_file']


def config_file(name: str) -> str:
    """The absolute path of a config that mmgreen ships.

    Configs of other projects inherit ours by it, from a checkout as from an installed wheel:
    ``_base_ = [__import__('mmgreen').config_file('greenmim/swin_b_pretrain.py')]``.

    Args:
        name: path below ``configs/``, with forward slashes and the ending ``.py``.

    Raises:
        FileNotFoundError: if no config of that name is shipped; names the nearest ones.
    """
    folder = (Path(__file__).parent / 'configs').resolve()
    names = config_names()
    if name not in names:
        nearest = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        hint = f'the nearest are {", ".join(nearest)}' if nearest else f'they are all in {folder}'
        raise MissingFileError(f'mmgreen ships no config named {name!r}; {hint}.')
    return str(folder / name)


def config_names() -> list[str]:
    """What :func:`config_file` takes, sorted: all configs, and their parts in ``_base_``."""
    folder = (Path(__file__).parent / 'configs').resolve()
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*.py'))


class OperatorsOfMmcv:
    """One of Python's finders of modules, the last one to be asked, and for one name only."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Our file for ``mmcv._ext``, None for any other name."""
        if name != 'mmcv._ext':
            return None
        return spec_from_file_location(name, Path(__file__).parent / 'operators/mmcv_ext.py')


if not any(getattr(finder, '__name__', '') == 'OperatorsOfMmcv' for finder in sys.meta_path):
    sys.meta_path.append(OperatorsOfMmcv)
