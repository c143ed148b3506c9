"""Compares pretrained and random starts on the demo's data; ``make compare`` calls it."""

import argparse
from pathlib import Path

from mmgreen.starts import compare_starts

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Train the detector of the demo from pretrained and from random weights.'
    )
    parser.add_argument('--data', type=Path, default=Path('data/demo'), help='folder for images')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/demo_greenmim'), help='folder for results'
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='at least two')
    parser.add_argument(
        '--page', type=Path, default=ROOT / 'docs/benchmarks.md', help='where the table goes'
    )
    return parser.parse_args()


def main() -> None:
    """Prints the table at the end."""
    args = parse_args()
    if len(set(args.seeds)) < 2:
        raise SystemExit('compare_starts.py: give at least two different --seeds.')
    print(
        f'{2 * len(args.seeds)} trainings, about 5 minutes each on two cores, after the '
        "demo's pretraining (5 to 10 minutes, unless it is there)."
    )
    print(compare_starts(ROOT / 'tools', args.data, args.work_dir, args.page, args.seeds))


if __name__ == '__main__':
    main()
