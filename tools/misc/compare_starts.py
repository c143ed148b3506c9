"""Compares pretrained and random starts on the demo's data; ``make compare`` calls it."""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence
from mmgreen.demo import NETS

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train the demo's detectors from pretrained and from random weights."
    )
    parser.add_argument('--data', type=Path, default=Path('data/demo'), help='folder for images')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs'), help='folder for results'
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='at least two')
    parser.add_argument(
        '--methods', nargs='+', choices=NETS, default=list(NETS), help='those of the demo'
    )
    parser.add_argument(
        '--page', type=Path, default=ROOT / 'docs/comparison.md', help='where the table goes'
    )
    return parser.parse_args()


def main() -> None:
    """Prints the table at the end."""
    args = parse_args()
    if len(set(args.seeds)) < 2:
        raise SystemExit('compare_starts.py: give at least two different --seeds.')
    print(
        f'{2 * len(args.seeds) * len(args.methods)} trainings, about 5 minutes each on two cores, '
        "beside the demo's pretrainings (5 to 10 minutes each, unless they are there)."
    )
    with ends_in_a_sentence('tools/misc/compare_starts.py'):
        from mmgreen.demo.compare_starts import compare_starts

        table = compare_starts(
            ROOT / 'tools', args.data, args.work_dir, args.page, args.seeds, args.methods
        )
    print(table)


if __name__ == '__main__':
    main()
