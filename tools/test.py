"""Tests a checkpoint: python tools/test.py CONFIG CHECKPOINT."""

import argparse

from mmgreen.apis.arguments import add_cfg_options, add_config, add_launcher, parse
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Test a checkpoint. For a pretraining config this gives the reconstruction '
        'loss on the images of its test_dataloader.'
    )
    add_config(parser)
    parser.add_argument('checkpoint', help='path of the checkpoint file')
    parser.add_argument('--work-dir', help='folder for logs')
    parser.add_argument('--out', help='.pkl file for the predictions of all images')
    parser.add_argument('--show', action='store_true', help='show predictions in a window')
    parser.add_argument('--show-dir', help='folder for pictures of predictions')
    parser.add_argument(
        '--no-labels',
        dest='labels',
        action='store_false',
        help='pictures have boxes without names and scores',
    )
    parser.add_argument(
        '--wait-time', type=float, default=2.0, help='seconds for which a window stays'
    )
    parser.add_argument(
        '--tta', action='store_true', help="augment images as the config's tta_model says"
    )
    add_cfg_options(parser)
    add_launcher(parser)
    return parse(parser)


def main() -> None:
    """Ends with one sentence where it is the user who can mend something."""
    args = parse_args()
    with ends_in_a_sentence('tools/test.py'):
        from mmgreen.apis.testing import configure_test, test

        test(configure_test(**vars(args)))


if __name__ == '__main__':
    main()
