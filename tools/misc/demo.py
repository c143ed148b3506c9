"""Runs the demo; see mmgreen/demo/run.py. ``make demo`` calls it."""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence, goes_on_when_repeated
from mmgreen.demo import DEMO_METHODS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Pretrain a small net on images made here, and train a detector from it; or on '
        'clips, and a classifier.'
    )
    parser.add_argument(
        '--data',
        type=Path,
        help='folder for images, data/demo by default, or for clips, data/demo_clips',
    )
    parser.add_argument(
        '--method', choices=DEMO_METHODS, default='greenmim', help='how to pretrain'
    )
    parser.add_argument(
        '--work-dir', type=Path, help='folder for results, work_dirs/demo_METHOD by default'
    )
    return parser.parse_args()


def main() -> None:
    """Ends with one sentence where it is the user who can mend something.

    Exit status: 0; 130 after Ctrl-C and 143 after SIGTERM, which end the step that runs too.
    """
    args = parse_args()
    tools = Path(__file__).resolve().parents[1]
    work_dir = args.work_dir or Path(f'work_dirs/demo_{args.method}')
    with ends_in_a_sentence('tools/misc/demo.py'), goes_on_when_repeated():
        if args.method == 'video':
            from mmgreen.demo.video import run_video_demo

            run_video_demo(tools, args.data or Path('data/demo_clips'), work_dir)
        else:
            from mmgreen.demo.run import run_demo

            run_demo(tools, args.data or Path('data/demo'), work_dir, args.method)


if __name__ == '__main__':
    main()
