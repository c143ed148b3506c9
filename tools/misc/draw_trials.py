"""Draws what detectors gained by trials of pretraining, over the error on hidden patches.

python tools/misc/draw_trials.py docs/results/cells_trials.json trials.png
"""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('trials', type=Path, nargs='+', help='json files as docs/results has them')
    parser.add_argument('out', type=Path, help='the picture to write, a .png or .pdf')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with ends_in_a_sentence('tools/misc/draw_trials.py'):
        from mmgreen.analysis.trials import draw_trials

        draw_trials(args.trials).savefig(args.out, dpi=110)


if __name__ == '__main__':
    main()
