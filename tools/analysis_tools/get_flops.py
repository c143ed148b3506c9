"""Multiply-adds and parameters of a model: python tools/analysis_tools/get_flops.py CONFIG."""

import argparse

from mmgreen.apis.arguments import add_cfg_options, add_config, parse
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Count multiply-adds (the "FLOPs" of published tables) and parameters.'
    )
    add_config(parser)
    parser.add_argument(
        '--shape',
        type=int,
        nargs='+',
        help='pixels: side, or height and width; by default 1024 for detectors, else the '
        "backbone's img_size",
    )
    add_cfg_options(parser)
    args = parse(parser)
    if args.shape and len(args.shape) > 2:
        parser.error('--shape takes one or two numbers')
    return args


def main() -> None:
    """Ends with one sentence where it is the user who can mend something."""
    args = parse_args()
    with ends_in_a_sentence('tools/analysis_tools/get_flops.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.analysis.flops import as_table, count_parts
        from mmgreen.apis.launching import read_config

        config = read_config(args.config, ('model',))
        config.merge_from_dict(args.cfg_options or {})
        size = (args.shape[0], args.shape[-1]) if args.shape else None
        print(as_table(count_parts(config, size)))


if __name__ == '__main__':
    main()
