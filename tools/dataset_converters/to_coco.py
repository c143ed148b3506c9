"""Write COCO files for a training from annotations in another format.

Example:
    python tools/dataset_converters/to_coco.py --from voc my_data/ data/my_data --val-fraction 0.2
"""

from __future__ import annotations

import argparse

from mmgreen.apis.arguments import add_annotations
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line; read before anything heavy is imported."""
    parser = argparse.ArgumentParser(
        description='Write train.json and val.json in COCO format; images stay where they are.'
    )
    parser.add_argument('folder', help='folder of images and annotation files, nested or flat')
    parser.add_argument('out_dir', help='folder for train.json and val.json')
    add_annotations(parser, required=True)
    parser.add_argument(
        '--val-fraction',
        type=float,
        default=0.2,
        help='of the images, for validation (0.2); 0: all in train.json',
    )
    parser.add_argument('--seed', type=int, default=0, help='another one, another division')
    return parser.parse_args()


def main() -> None:
    """Converts and prints what was written, or everything that has to be mended."""
    args = parse_args()
    with ends_in_a_sentence('tools/dataset_converters/to_coco.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.datasets.conversion.to_coco import convert_to_coco

        print('\n'.join(convert_to_coco(**vars(args))))


if __name__ == '__main__':
    main()
