"""Reading checkpoint files without running anything that stands in them."""

from __future__ import annotations

import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mmgreen.checkpoints import unpickling
from mmgreen.errors import FolderError, InputError, MissingFileError

__all__ = ['load_from_file', 'read_checkpoint']


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The whole content of a checkpoint file, tensors on the CPU.

    Files of ``torch.save`` (the zip format and the one before it) and safetensors files are told
    apart by their first bytes. ``weights_only=True`` is tried first; where it refuses, our own
    unpickler reads the file and puts inert stand-ins in the place of a training script's
    ``argparse.Namespace``, a yacs config and mmengine's log history. No code in a file is run.

    Args:
        path: a local file; a leading ``~`` is the home folder.

    Returns:
        The dict that was saved; for safetensors, names and tensors.

    Raises:
        FileNotFoundError, IsADirectoryError: with the path.
        ValueError: one sentence, if the file is no checkpoint, is cut off, or asks for an object
            that we do not build; that object is named.
    """
    file = _existing_file(path)
    content = _read(file)
    if not isinstance(content, dict):
        raise InputError(
            f'{file} holds a {type(content).__name__}, not a dict of weights; save the state dict '
            'of the model instead.'
        )
    return content


def load_from_file(filename: str, map_location: Any = None) -> dict[str, Any]:
    """What mmengine's loading of local files wants, read by :func:`read_checkpoint`.

    mmengine falls back to a pickle that runs whatever stands in the file. With this in its place
    that holds for ``load_from``, ``--resume``, tests and inferencers, too. The log history, which
    resuming goes on with, is a ``HistoryBuffer`` again.

    Args:
        filename: path of a local file.
        map_location: not needed: weights and states are copied to where the model is.

    Raises:
        FileNotFoundError, ValueError: as :func:`read_checkpoint`.
    """
    content = read_checkpoint(filename)
    scalars = (content.get('message_hub') or {}).get('log_scalars') or {}
    for name, value in scalars.items():
        if isinstance(value, unpickling.InertObject):
            scalars[name] = _log_history(value.values)
    return content


def _log_history(values: dict[str, Any]) -> HistoryBuffer:
    return HistoryBuffer(values['_log_history'], values['_count_history'], values['max_length'])


def _existing_file(path: str | Path) -> Path:
    """The path as a file that exists; raises one sentence otherwise."""
    if '://' in str(path):
        raise InputError(f'{path} is an address; download the file and give its local path.')
    file = Path(path).expanduser()
    if file.is_dir():
        raise FolderError(f'{file} is a folder; give the checkpoint file inside it.')
    if not file.exists():
        raise MissingFileError(f'There is no checkpoint {file}.')
    return file


def _read(file: Path) -> Any:
    """The object in ``file``, by the reader that its first bytes call for."""
    with file.open('rb') as stream:
        head = stream.read(512)
        stream.seek(0)
        if head.startswith(b'PK\x03\x04') or head.startswith(b'\x80'):
            return _read_torch(file, stream)
    if head[8:9] == b'{':
        return _read_safetensors(file)
    raise InputError(f'{file} {_what_it_is_instead(head)}.')


def _what_it_is_instead(head: bytes) -> str:
    """The end of a sentence about a file that begins with ``head`` and is no checkpoint."""
    text = head.lstrip().lower()
    if not head:
        return 'is empty'
    if text.startswith((b'<!doctype', b'<html', b'<?xml')):
        return 'is a web page, not a checkpoint; the download got an error or a login page instead'
    if text.startswith(b'version https://git-lfs'):
        return 'is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`'
    return 'is no checkpoint: neither a file of torch.save nor safetensors'


def _read_safetensors(file: Path) -> dict[str, torch.Tensor]:
    """Names and tensors of a safetensors file."""
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise InputError(
            f'{file} is a safetensors file; `pip install safetensors` lets mmgreen read it.'
        ) from error
    try:
        return load_file(file)
    except SafetensorError as error:
        raise InputError(f'{file} is a damaged safetensors file ({error}).') from error


def _read_torch(file: Path, stream: BinaryIO) -> Any:
    """The object in a file of ``torch.save``."""
    _refuse_archives_with_code(file, stream)
    try:
        return torch.load(stream, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError:
        stream.seek(0)
        return _read_with_stand_ins(file, stream)
    except Exception as error:
        raise _damaged(file, error) from error


def _read_with_stand_ins(file: Path, stream: BinaryIO) -> Any:
    """The object in a file that ``weights_only=True`` refuses, built by our own unpickler."""
    try:
        with warnings.catch_warnings():
            # torch and numpy warn of old spellings in the file, which its reader cannot mend.
            warnings.simplefilter('ignore')
            return torch.load(
                stream, map_location='cpu', weights_only=False, pickle_module=unpickling
            )
    except unpickling.RefusedNameError as error:
        raise InputError(
            f'{file} was not read because it asks for {error}, which no checkpoint needs; if you '
            'trust its source, load it in the software that made it and save the state dict alone.'
        ) from error
    except Exception as error:
        raise _damaged(file, error) from error


def _refuse_archives_with_code(file: Path, stream: BinaryIO) -> None:
    """Stops at a TorchScript archive and at torch's oldest format, which unpacks files to disk."""
    if any(Path(name).name == 'constants.pkl' for name in _names_in_zip(stream)):
        raise InputError(
            f'{file} is a TorchScript program, not a checkpoint; save the state dict of the model '
            'instead.'
        )
    stream.seek(0)
    if tarfile.is_tarfile(stream):
        raise InputError(
            f'{file} is in the tar format that torch wrote before version 0.1.10; save it again '
            'with a newer torch.'
        )
    stream.seek(0)


def _names_in_zip(stream: BinaryIO) -> list[str]:
    """The names of a zip archive's members; none for anything that is no whole zip archive."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return []


def _damaged(file: Path, error: Exception) -> InputError:
    """The error for a file that begins as a checkpoint and cannot be read to its end."""
    size = file.stat().st_size
    reason = (str(error) or type(error).__name__).splitlines()[0].split('. ')[0]
    return InputError(
        f'{file} ({size:,} bytes) cannot be read to its end: it is cut off, damaged or another '
        'kind of file; compare its size with the source and download or copy it again '
        f'({reason}).'
    )


# '' is the prefix of all that is no address.
CheckpointLoader.register_scheme('', load_from_file, force=True)
