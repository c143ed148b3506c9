"""The command ``mmgreen WORD …``, which is ``python -m mmgreen`` too: a word for each task.

Most words run a tool of ``tools/``, which a wheel has inside of the package, with the options it
has. Another tool is one more line of ``TOOLS``.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple

from mmgreen import __version__, config_names
from mmgreen.apis.endings import ends_in_a_sentence
from mmgreen.apis.starters import copy_config

FOLDER = Path(__file__).resolve().parent / '.mim/tools'


class Tool(NamedTuple):
    """A file of ``tools/`` and what it does, in a line."""

    file: str
    line: str


class Word(NamedTuple):
    """What is called with the arguments behind a word, and what it does, in a line."""

    call: Callable[[Sequence[str]], None]
    line: str


TOOLS = {
    'train': Tool('train.py', 'pretrain, or train a detector or a classifier: CONFIG'),
    'test': Tool('test.py', 'score a checkpoint: CONFIG CHECKPOINT'),
    'predict': Tool('predict.py', 'find objects in images without annotations'),
    'picture': Tool(
        'analysis_tools/visualize_reconstruction.py', 'draw what a pretraining makes of images'
    ),
    'convert': Tool(
        'model_converters/convert_checkpoint.py', "turn a checkpoint into another code's format"
    ),
    'label-curve': Tool('analysis_tools/label_curve.py', 'whether a pretraining is worth it'),
    'curves': Tool('analysis_tools/plot_losses.py', 'losses, scores and rates of trainings, drawn'),
    'mean-std': Tool('analysis_tools/get_mean_std.py', 'by what your images are to be normalised'),
    'benchmark': Tool('analysis_tools/benchmark.py', 'speed and memory of models side by side'),
    'flops': Tool('analysis_tools/get_flops.py', 'multiply-adds and parameters of a model'),
    'to-coco': Tool('dataset_converters/to_coco.py', 'annotations of any format to COCO files'),
    'tile': Tool('dataset_converters/tile_images.py', 'cut large images and their annotations'),
    'cell-data': Tool('dataset_converters/make_cell_data.py', 'BCCD, blood cells, as COCO files'),
    'survey-data': Tool(
        'dataset_converters/make_survey_data.py', 'survey photographs with tree crowns'
    ),
    'demo-data': Tool('dataset_converters/make_demo_data.py', 'write a small set to try things on'),
    'demo-clips': Tool('dataset_converters/make_demo_clips.py', 'clips in which something moves'),
}


BELOW_THE_LIST = """\
'mmgreen WORD --help' lists the options of one. CONFIG is a file, or one of ours by the name that
'mmgreen configs' gives it. Several processes, here two:
torchrun --nproc-per-node 2 -m mmgreen train CONFIG --launcher pytorch"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what the first argument says with those behind it.

    Exit status: that of what it runs; 2 for a word that there is not, as for an unknown option.
    """
    parser = argparse.ArgumentParser(
        prog='mmgreen',
        usage='mmgreen WORD ...',
        description='Masked image pretraining, and detectors and classifiers from it.',
        epilog=_list_words(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=f'mmgreen {__version__}')
    parser.add_argument('word', nargs='?', help=argparse.SUPPRESS)
    parser.add_argument('rest', nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.word is None:
        parser.print_help()
    elif args.word in TOOLS:
        _run_tool(args.word, args.rest)
    elif args.word in WORDS:
        WORDS[args.word].call(args.rest)
    else:
        print(f'mmgreen: {_unknown(args.word)}', file=sys.stderr)
        raise SystemExit(2)


def _list_words() -> str:
    lines = [f'  {word:<13}{each.line}' for word, each in {**TOOLS, **WORDS}.items()]
    return '\n'.join(['words:', *lines, '', BELOW_THE_LIST])


def _unknown(word: str) -> str:
    words = [*TOOLS, *WORDS]
    nearest = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    hint = f'did you mean {nearest[0]}?' if nearest else f'there are {", ".join(words)}.'
    return f'there is no word {word!r}; {hint}'


def _run_tool(word: str, arguments: Sequence[str]) -> None:
    """Runs a tool as if it had been started by itself, under the name that was typed."""
    file = TOOLS[word].file
    spec = spec_from_file_location(Path(file).stem, FOLDER / file)
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    sys.argv = [f'mmgreen {word}', *arguments]
    try:
        sys.exit(tool.main())
    except SystemExit as end:
        if isinstance(end.code, str):
            end.code = end.code.replace(f'tools/{file}', f'mmgreen {word}', 1)
        raise


def _check(arguments: Sequence[str]) -> None:
    sys.argv = ['mmgreen check', *arguments]
    sys.exit(import_module('mmgreen.check_env.__main__').main())


def _configs(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser('mmgreen configs', description='List our configs.')
    parser.add_argument('word', nargs='?', default='', help='only those that contain it')
    args = parser.parse_args(arguments)
    found = [name for name in config_names() if args.word in name and name[0] != '_']
    if not found:
        raise SystemExit(
            f"mmgreen configs: none has {args.word!r} in its name; 'mmgreen configs' lists all."
        )
    print('\n'.join(found))


def _copy(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        'mmgreen copy', description='Copy one of our configs, to be changed.'
    )
    parser.add_argument('name', help="as 'mmgreen configs' gives it")
    parser.add_argument('target', nargs='?', default='.', help='file to write; here by default')
    args = parser.parse_args(arguments)
    with ends_in_a_sentence('mmgreen copy'):
        written = copy_config(args.name, args.target)
    print(f'{written} is written. Set the values in it, then: mmgreen train {written}')


WORDS = {
    'configs': Word(_configs, 'list our configs, or those whose name contains a word: [WORD]'),
    'copy': Word(_copy, 'copy a config of ours, to be changed: NAME [FILE]'),
    'check': Word(_check, 'say what works in this environment, and what mends the rest'),
}
