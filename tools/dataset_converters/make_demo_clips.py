"""Write the demo's clips: a folder for each way in which something moves before a photograph.

Example:
    python tools/dataset_converters/make_demo_clips.py data/demo_clips --num-train 500 --num-val 100
"""

from __future__ import annotations

import argparse

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description='Write small clips in which one frame does not tell the class.'
    )
    parser.add_argument('out_dir', help='folder to write: new, empty, or written by this tool')
    parser.add_argument('--num-train', type=int, default=2000, help='training clips')
    parser.add_argument('--num-val', type=int, default=400, help='clips over other photographs')
    parser.add_argument('--num-frames', type=int, default=8, help='of a clip')
    parser.add_argument('--size', type=int, default=64, help='side in pixels')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace a set made with other settings; files that are not its own stay',
    )
    return parser.parse_args()


def main() -> None:
    """Writes the set and prints what was written."""
    args = parse_args()
    with ends_in_a_sentence('tools/dataset_converters/make_demo_clips.py'):
        from mmgreen.demo.clips import make_demo_clips

        written = make_demo_clips(**vars(args))
    for split, count in written.num_clips.items():
        print(f'{written.root / split}: {count} clips')


if __name__ == '__main__':
    main()
