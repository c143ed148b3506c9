"""Converts a checkpoint between official, OpenMMLab's and mmgreen's names; see docs/checkpoints.md.

python tools/model_converters/convert_checkpoint.py SRC DST [--to mmgreen|swin|greenmim]
"""

from __future__ import annotations

import argparse
import sys

from mmgreen.checkpoints.tables import MERGE_ORDERS
from mmgreen.checkpoints.writing import TARGETS, convert_file, summary


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
        choices=tuple(MERGE_ORDERS),
        help="order of patch merging in the official file, where it is not its format's usual one",
    )
    parser.add_argument(
        '--img-size',
        type=int,
        help='with --to swin or greenmim: the image size that the official code builds its model '
        'for, in pixels; stages whose map is smaller than the window get the smaller bias table',
    )
    return parser.parse_args()


def main() -> int:
    """Converts; 0 if all went well."""
    args = parse_args()
    try:
        read, written = convert_file(
            args.source, args.target, args.to, args.merge_order, args.img_size
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(summary(read, written))
    print(f'file     {args.target}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
