"""Write blood cells under a microscope (BCCD) as a small set for detection and pretraining.

BCCD has the MIT licence: git clone https://github.com/Shenggan/BCCD_Dataset

Example:
    python tools/dataset_converters/make_cell_data.py BCCD_Dataset data/cells
"""

from __future__ import annotations

import argparse

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line; read before anything heavy is imported."""
    parser = argparse.ArgumentParser(
        description='Write train/, test/, train.json and test.json (COCO) from a clone of BCCD.'
    )
    parser.add_argument('bccd', help='a clone of https://github.com/Shenggan/BCCD_Dataset (MIT)')
    parser.add_argument('out_dir', help='folder to write into')
    parser.add_argument('--scale', type=float, default=0.5, help='of the sides of 640x480 px (0.5)')
    return parser.parse_args()


def main() -> None:
    """Writes the set and prints what it holds."""
    args = parse_args()
    with ends_in_a_sentence('tools/dataset_converters/make_cell_data.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.datasets.conversion.cells import make_cell_data

        print('\n'.join(make_cell_data(**vars(args))))


if __name__ == '__main__':
    main()
