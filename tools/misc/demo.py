"""Runs the demo; see mmgreen/demo.py. ``make demo`` calls it."""

import argparse
from pathlib import Path

from mmgreen.demo import run_demo


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Pretrain a small Swin on images made here, and train a detector from it.'
    )
    parser.add_argument('--data', type=Path, default=Path('data/demo'), help='folder for images')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/demo'), help='folder for results'
    )
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()
    run_demo(Path(__file__).resolve().parents[1], args.data, args.work_dir)
