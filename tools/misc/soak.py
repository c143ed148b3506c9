"""Kills a training at random moments and says whether it ends as one that was never stopped.

python tools/misc/soak.py CONFIG --kills 20 --work-dir work_dirs/soak
"""

import argparse
import signal
from pathlib import Path

from mmgreen.analysis.soak import soak
from mmgreen.apis.endings import ends_in_a_sentence

SIGNALS = {'KILL': signal.SIGKILL, 'TERM': signal.SIGTERM, 'INT': signal.SIGINT}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='of a short training with a fixed seed')
    parser.add_argument('--kills', type=int, default=20, help='how many in all')
    parser.add_argument('--work-dir', type=Path, required=True, help='a folder that is not there')
    parser.add_argument('--signal', choices=SIGNALS, default='KILL')
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='as of tools/train.py'
    )
    return parser.parse_args()


def main() -> None:
    """Ends with 1 if a training ended otherwise."""
    args = parse_args()
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    tools = Path(__file__).resolve().parents[1]
    with ends_in_a_sentence('soak.py'):
        came = soak(
            tools, args.config, args.work_dir, args.kills, options, SIGNALS[args.signal], args.seed
        )
    print(f'{came}.')
    if came.equal < came.trainings:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
