"""Cut large images into tiles, with their boxes and masks.

Example:
    python tools/dataset_converters/tile_images.py photographs/ data/tiles --for train --from voc
    python tools/dataset_converters/tile_images.py photographs/ data/tiles --for unlabelled
"""

from __future__ import annotations

import argparse

from mmgreen.apis.arguments import add_annotations
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line; read before anything heavy is imported."""
    parser = argparse.ArgumentParser(
        description='Cut images into tiles: OUT/<for>/ and, with objects, OUT/<for>.json (COCO).'
    )
    parser.add_argument('folder', help='folder of images, nested or flat')
    parser.add_argument('out_dir', help='folder to write into')
    parser.add_argument(
        '--for',
        dest='purpose',
        required=True,
        choices=('train', 'val', 'unlabelled'),
        help='train: a part of an object is an object; val: each object counts once, other parts '
        'of it are ignored; unlabelled: images alone, for pretraining',
    )
    add_annotations(parser, required=False)
    parser.add_argument(
        '--size',
        type=int,
        nargs='+',
        default=[640],
        metavar='PX',
        help='side of a tile, or width and height (640)',
    )
    parser.add_argument(
        '--overlap', type=float, default=0.2, help='of neighbours, as a share of a tile (0.2)'
    )
    parser.add_argument(
        '--least-part',
        type=float,
        default=0.4,
        help='of an object, for its part to be an object of the training (0.4)',
    )
    parser.add_argument(
        '--keep-empty', action='store_true', help='write training tiles without objects too'
    )
    parser.add_argument(
        '--format', dest='ending', choices=('png', 'jpg'), help='default: as the image'
    )
    args = parser.parse_args()
    if len(args.size) > 2:
        parser.error('--size takes one number, or width and height')
    args.size = (args.size[0], args.size[-1])
    return args


def main() -> None:
    """Cuts and prints what became of the objects."""
    args = parse_args()
    with ends_in_a_sentence('tools/dataset_converters/tile_images.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.datasets.conversion.cutting import tile_images

        print('\n'.join(tile_images(**vars(args))))


if __name__ == '__main__':
    main()
