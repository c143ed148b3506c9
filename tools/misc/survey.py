"""Asks on survey photographs whether pretraining is worth it. ``make survey`` calls it."""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence, goes_on_when_repeated
from mmgreen.demo import SURVEY_METHODS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Pretrain a small net on aerial photographs, and train a detector of tree '
        'crowns from it and from random weights.'
    )
    parser.add_argument('--data', type=Path, default=Path('data/survey'), help='folder for images')
    parser.add_argument(
        '--method', choices=SURVEY_METHODS, default='greenmim', help='how to pretrain'
    )
    parser.add_argument(
        '--wheel', help='the wheel of deepforest 2.1.0, where it is at hand; else pip downloads it'
    )
    parser.add_argument(
        '--work-dir', type=Path, help='folder for results, work_dirs/survey_METHOD by default'
    )
    return parser.parse_args()


def main() -> None:
    """Ends with one sentence where it is the user who can mend something.

    Exit status: 0; 130 after Ctrl-C and 143 after SIGTERM, which end the step that runs too.
    """
    args = parse_args()
    work_dir = args.work_dir or Path(f'work_dirs/survey_{args.method}')
    with ends_in_a_sentence('tools/misc/survey.py'), goes_on_when_repeated():
        from mmgreen.demo.survey import run_survey

        tools = Path(__file__).resolve().parents[1]
        run_survey(tools, args.data, work_dir, args.method, args.wheel)


if __name__ == '__main__':
    main()
