"""Draws the box AP of detectors over the minutes that their pretraining took.

python tools/misc/draw_minutes.py docs/results/cells_minutes.json minutes.png
"""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('scores', type=Path, help='a json file as docs/results/cells_minutes.json')
    parser.add_argument('out', type=Path, help='the picture to write, a .png or .pdf')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with ends_in_a_sentence('tools/misc/draw_minutes.py'):
        from mmgreen.analysis.minutes import draw_minutes

        draw_minutes(args.scores).savefig(args.out, dpi=110)


if __name__ == '__main__':
    main()
