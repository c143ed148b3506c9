"""Trains a model: python tools/train.py CONFIG."""

import argparse

from mmgreen.apis.arguments import add_cfg_options, add_config, add_launcher, parse
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description='Train a model.')
    add_config(parser)
    parser.add_argument('--work-dir', help='folder for logs and checkpoints')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from this checkpoint, or without a path from the last one in the work folder',
    )
    parser.add_argument(
        '--amp', action='store_true', help='compute in 16 bits, on a CPU in bfloat16'
    )
    parser.add_argument(
        '--no-validate',
        dest='validate',
        action='store_false',
        help='do not validate during training',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate from the config's batch to the real one",
    )
    parser.add_argument(
        '--no-pin-memory',
        dest='pin_memory',
        action='store_false',
        help='no page-locked memory in the data loaders',
    )
    parser.add_argument(
        '--no-persistent-workers',
        dest='persistent_workers',
        action='store_false',
        help='start the workers of the data loaders anew in every epoch',
    )
    parser.add_argument(
        '--tensorboard', action='store_true', help='write for TensorBoard too, into the work folder'
    )
    add_cfg_options(parser)
    add_launcher(parser)
    return parse(parser)


def main() -> None:
    """Ends with one sentence where it is the user who can mend something."""
    args = parse_args()
    with ends_in_a_sentence('tools/train.py'):
        from mmgreen.apis.training import configure_training, train

        train(configure_training(**vars(args)))


if __name__ == '__main__':
    main()
