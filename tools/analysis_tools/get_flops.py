"""Multiply-adds and parameters of a model: python tools/analysis_tools/get_flops.py CONFIG."""

import argparse

from mmengine.config import DictAction

from mmgreen.analysis.flops import as_table, count_parts
from mmgreen.apis.endings import ends_in_a_sentence
from mmgreen.apis.launching import read_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Count multiply-adds (the "FLOPs" of published tables) and parameters.'
    )
    parser.add_argument('config', help='path of the config file')
    parser.add_argument(
        '--shape',
        type=int,
        nargs='+',
        help='pixels: side, or height and width; by default 1024 for detectors, else the '
        "backbone's img_size",
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='changes'
    )
    args = parser.parse_args()
    if args.shape and len(args.shape) > 2:
        parser.error('--shape takes one or two numbers')
    return args


def main() -> None:
    args = parse_args()
    size = (args.shape[0], args.shape[-1]) if args.shape else None
    with ends_in_a_sentence('get_flops.py'):
        config = read_config(args.config, ('model',))
        config.merge_from_dict(args.cfg_options or {})
        print(as_table(count_parts(config, size)))


if __name__ == '__main__':
    main()
