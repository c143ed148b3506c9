"""Tests a checkpoint: python tools/test.py CONFIG CHECKPOINT."""

import argparse
import os

from mmengine.config import DictAction

from mmgreen.apis.endings import ends_in_a_sentence
from mmgreen.apis.testing import configure_test, test


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Test a checkpoint. For a pretraining config this gives the reconstruction '
        'loss on the images of its test_dataloader.'
    )
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('checkpoint', help='path of the checkpoint file')
    parser.add_argument('--work-dir', help='folder for logs')
    parser.add_argument('--out', help='.pkl file for the predictions of all images')
    parser.add_argument('--show', action='store_true', help='show predictions in a window')
    parser.add_argument('--show-dir', help='folder for pictures of predictions')
    parser.add_argument(
        '--wait-time', type=float, default=2.0, help='seconds for which a window stays'
    )
    parser.add_argument(
        '--tta', action='store_true', help="augment images as the config's tta_model says"
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change values of the config: a.b=1 c="[1,2]" d="[(1,2),(3,4)]", without spaces',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started this process among others (pytorch: torchrun)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    del args.local_rank
    return args


def main() -> None:
    """Ends with one sentence where it is the user who can mend something."""
    args = parse_args()
    with ends_in_a_sentence('tools/test.py'):
        test(configure_test(**vars(args)))


if __name__ == '__main__':
    main()
