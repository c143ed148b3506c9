"""Curves of trainings in one picture: python tools/analysis_tools/plot_losses.py WORK_DIR ..."""

import argparse
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Draw losses, the share of a tint, scores and learning rates over steps.'
    )
    parser.add_argument('work_dirs', nargs='+', type=Path, metavar='work_dir')
    parser.add_argument(
        '--out-file', type=Path, help='default: curves.png in the first work folder'
    )
    return parser.parse_args()


def main() -> None:
    """Prints where the picture is."""
    args = parse_args()
    with ends_in_a_sentence('tools/analysis_tools/plot_losses.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.engine.curves import draw_curves

        print(draw_curves(args.work_dirs, args.out_file or args.work_dirs[0] / 'curves.png'))


if __name__ == '__main__':
    main()
