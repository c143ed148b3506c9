"""Converts a checkpoint between official, OpenMMLab's and mmgreen's names; see docs/checkpoints.md.

python tools/model_converters/convert_checkpoint.py SRC DST [--to mmgreen|swin|greenmim]
"""

from __future__ import annotations

import argparse

from mmgreen.apis.endings import ends_in_a_sentence
from mmgreen.errors import InputError

# Those of mmgreen.checkpoints, which imports torch; a test sees to it that they are the same.
TARGETS = ('mmgreen', 'swin', 'greenmim', 'hiera', 'hiera_mae', 'twins')
MERGE_ORDERS = ('column_first', 'row_first')


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Convert a checkpoint; its format is recognised. Nothing is written, and the '
        'exit status is 1, if any of its names is left over.'
    )
    parser.add_argument('source', metavar='SRC', help='checkpoint to read: .pth, .pt, .safetensors')
    parser.add_argument('target', metavar='DST', help='file to write')
    parser.add_argument('--to', choices=TARGETS, default='mmgreen', help='names to write')
    parser.add_argument(
        '--merge-order',
        choices=MERGE_ORDERS,
        help="order of patch merging in the official file, where it is not its format's usual one",
    )
    parser.add_argument(
        '--img-size',
        type=int,
        help='with --to swin or greenmim: the image size that the official code builds its model '
        'for, in pixels; stages whose map is smaller than the window get the smaller bias table',
    )
    return parser.parse_args()


def main() -> None:
    """Ends with one sentence, and status 1, where nothing was written."""
    args = parse_args()
    with ends_in_a_sentence('tools/model_converters/convert_checkpoint.py'):
        from mmgreen.checkpoints.writing import convert_file, summary

        try:
            read, written = convert_file(
                args.source, args.target, args.to, args.merge_order, args.img_size
            )
        except OSError as error:  # of reading or writing, and its text says which file
            raise InputError(str(error)) from error
    print(summary(read, written))
    print(f'file     {args.target}')


if __name__ == '__main__':
    main()
