"""Draws which room of the package imports which: python tools/misc/draw_imports.py rooms.png."""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence

PACKAGE = Path(__file__).resolve().parents[2] / 'mmgreen'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0] + '.')
    parser.add_argument('out', type=Path, help='the picture to write, a .png or .pdf')
    return parser.parse_args()


def main() -> None:
    """Ends with 1 if an arrow goes up."""
    args = parse_args()
    with ends_in_a_sentence('tools/misc/draw_imports.py'):
        from mmgreen.analysis.room_imports import draw

        upwards = draw(PACKAGE, args.out)
    print(f'{args.out}: {len(upwards)} arrows go up')
    if upwards:
        raise SystemExit(f'draw_imports.py: {upwards} go up.')


if __name__ == '__main__':
    main()
