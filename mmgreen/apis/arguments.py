"""What the command lines of several tools share; nothing here imports torch before it is needed.

A tool imports what it calls after its arguments are read: torch takes seconds, a slip or ``--help``
is answered at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmgreen import config_file
from mmgreen.errors import MissingFileError

ANNOTATION_FORMATS = ('coco', 'voc', 'yolo', 'csv', 'labelme')
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def config_path(text: str) -> str:
    """The path of a config: a file that exists, else the one that we ship under this name.

    Args:
        text: a path, or the name of one of ours as ``mmgreen configs`` lists it. The path that it
            has in a clone, with ``configs/`` before it, is its name as well.

    Returns:
        A path; ``text`` itself where there is neither, which reading it will say better.
    """
    if Path(text).exists():
        return text
    try:
        return config_file(text.removeprefix('configs/'))
    except MissingFileError:
        return text


def add_config(parser: argparse.ArgumentParser, help: str = 'path of the config file') -> None:
    """The positional argument ``config``."""
    parser.add_argument('config', type=config_path, help=f'{help}, or the name of one of ours')


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """``--cfg-options``; :func:`parse` turns it into a dict."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=_pair,
        metavar='KEY=VALUE',
        help='change values of the config: a.b=1 c="[1,2]" d="[(1,2),(3,4)]", without spaces',
    )


def add_annotations(parser: argparse.ArgumentParser, required: bool) -> None:
    """What tools ask that read annotations of any format, as ``style``, ``annotations``, …."""
    parser.add_argument(
        '--from',
        dest='style',
        required=required,
        choices=ANNOTATION_FORMATS,
        help='format of the annotations',
    )
    parser.add_argument(
        '--annotations', help='the COCO or csv file, where the folder does not hold exactly one'
    )
    parser.add_argument(
        '--classes', nargs='+', default=(), help='the classes wanted, in their order; default: all'
    )
    parser.add_argument(
        '--background',
        action='store_true',
        help='images without annotation file hold no object; by default they are not taken',
    )
    parser.add_argument(
        '--skip-broken',
        action='store_true',
        help='leave files aside with which something is wrong, instead of writing nothing',
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """``--launcher``, and the number of the process as old launchers give it."""
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='what started this process among others (pytorch: torchrun)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def parse(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """The command line, of which every other option was accepted before a config's are read.

    Args:
        parser: with all options of the tool.
        arguments: what was typed; None takes the command line of this process.

    Returns:
        The arguments; ``cfg_options`` is None or a dict, ``local_rank`` has gone into the
        environment, where mmengine looks for it.
    """
    args = parser.parse_args(arguments)
    if 'local_rank' in args:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
        del args.local_rank
    if getattr(args, 'cfg_options', None):
        try:
            args.cfg_options = _as_dict(args.cfg_options)
        except AssertionError as error:
            parser.error(f'argument --cfg-options: {error}')
    return args


def _pair(text: str) -> str:
    if '=' not in text:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no KEY=VALUE, such as train_cfg.max_epochs=3'
        )
    return text


def _as_dict(pairs: Sequence[str]) -> dict[str, Any]:
    """The values as mmengine reads them.

    Raises:
        AssertionError: where brackets do not match.
    """
    from mmengine.config import DictAction

    read = argparse.Namespace()
    DictAction(['--cfg-options'], 'options')(argparse.ArgumentParser(), read, pairs)
    return read.options
