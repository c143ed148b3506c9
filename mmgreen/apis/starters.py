"""Copies of our configs for somebody's own folder, which still inherit what they did."""

from __future__ import annotations

import ast
import os
from pathlib import Path, PurePosixPath

from mmgreen import config_file
from mmgreen.errors import ExistingFileError, MissingFileError


def copy_config(name: str, target: str | Path) -> Path:
    """Writes a config of ours to another place.

    What it inherits by a path beside it is named by :func:`mmgreen.config_file` in the copy, which
    finds it from anywhere. Everything else is as it was.

    Args:
        name: as ``mmgreen configs`` lists it.
        target: the file to write, or a folder that exists, in which it keeps its name.

    Returns:
        The file that was written.

    Raises:
        FileNotFoundError: if there is no such config, or no folder to write into.
        FileExistsError: if there is a file already.
    """
    name = name.removeprefix('configs/')
    text = Path(config_file(name)).read_text(encoding='utf-8')
    target = Path(target)
    if target.is_dir():
        target /= PurePosixPath(name).name
    if target.exists():
        raise ExistingFileError(f'{target} exists already; name another file.')
    if not target.parent.is_dir():
        raise MissingFileError(f'There is no folder {target.parent} to write into; make it first.')
    target.write_text(found_from_anywhere(text, PurePosixPath(name).parent), encoding='utf-8')
    return target


def found_from_anywhere(text: str, folder: PurePosixPath) -> str:
    """The text of a config, with ``_base_`` free of paths relative to the config.

    Args:
        text: of the config.
        folder: where it lies, below ``configs``.
    """
    lines = text.splitlines(keepends=True)
    for base in reversed(_relative_bases(text)):
        name = os.path.normpath(folder / base.value)
        found = f"__import__('mmgreen').config_file({name!r})"
        # Positions of ast count bytes.
        line = lines[base.lineno - 1].encode()
        line = line[: base.col_offset] + found.encode() + line[base.end_col_offset :]
        lines[base.lineno - 1] = line.decode()
    return ''.join(lines)


def _relative_bases(text: str) -> list[ast.Constant]:
    """The strings of ``_base_`` that are paths, in their order; not what a call is given."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            listed = isinstance(node.value, ast.List | ast.Tuple)
            bases = node.value.elts if listed else [node.value]
            return [
                base for base in bases if isinstance(base, ast.Constant) and '::' not in base.value
            ]
    return []
