"""Write the demo's data: a small COCO-format set over photographs that Python packages carry.

Example:
    python tools/dataset_converters/make_demo_data.py data/demo --num-train 400 --num-val 60
"""

from __future__ import annotations

import argparse

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description='Write a small COCO-format set, made from photographs that packages carry.'
    )
    parser.add_argument('out_dir', help='folder to write: new, empty, or written by this tool')
    parser.add_argument('--num-train', type=int, default=400, help='training images')
    parser.add_argument('--num-val', type=int, default=60, help='validation images')
    parser.add_argument(
        '--num-train-new',
        type=int,
        default=0,
        help='further images over the training photographs, not part of the training set',
    )
    parser.add_argument(
        '--size',
        type=int,
        nargs='+',
        default=[160],
        help='side in pixels, or height and width',
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--grey', action='store_true', help='scenes without colours, smoother and lit from a side'
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace a set made with other settings; files that are not its own stay',
    )
    return parser.parse_args()


def main() -> None:
    """Writes the set and prints what was written."""
    args = parse_args()
    with ends_in_a_sentence('tools/dataset_converters/make_demo_data.py'):
        from mmgreen.demo.data import make_demo_data

        written = make_demo_data(
            args.out_dir,
            num_train=args.num_train,
            num_val=args.num_val,
            num_train_new=args.num_train_new,
            image_size=args.size[0] if len(args.size) == 1 else tuple(args.size),
            seed=args.seed,
            overwrite=args.overwrite,
            grey=args.grey,
        )
    for split, count in written.num_images.items():
        print(f'{written.root / split}: {count} images, {written.num_objects[split]} objects')


if __name__ == '__main__':
    main()
