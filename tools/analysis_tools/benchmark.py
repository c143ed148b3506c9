"""Speed and memory of several models side by side; see docs/benchmarks.md, docs/comparison.md."""

import argparse
from itertools import product

import torch

from mmgreen.analysis import benchmark_report, convolution_costs, grouping_costs
from mmgreen.analysis.benchmark import (
    Setting,
    common_size,
    describe_machine,
    peak_of_step,
    readable,
    time_planning,
)

DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', nargs='+', help='configs; ratios refer to the last that works')
    parser.add_argument(
        '--mode',
        choices=['train', 'forward', 'memory', 'plan', 'grouping', 'convolution'],
        default='train',
        help='a training step, a forward pass without gradient (of a detector: inference), the '
        'peak memory of a training step, planning groups on one core, what groups cost over their '
        'size, or the depthwise convolutions of Twins on visible tokens',
    )
    parser.add_argument('--batch', type=int, nargs='+', default=[8], help='images in a batch')
    parser.add_argument(
        '--size',
        type=_size,
        nargs='+',
        help='pixels, 224 or 800x1344; by default that of the configs, if they have the same',
    )
    parser.add_argument(
        '--mask-ratio', type=float, nargs='+', default=[None], help='by default that of each config'
    )
    parser.add_argument('--turns', type=int, default=7, help='measured turns')
    parser.add_argument('--picture', help='file for a picture, if at most one of these varies')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--dtype', choices=DTYPES, default='fp32', help='what autocast computes in')
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    sides = [int(side) for side in text.split('x')]
    if len(sides) > 2:
        raise ValueError(text)
    return sides[0], sides[-1]


def main() -> None:
    """Prints a table; ends with 1 if a config failed, with one sentence if none can be compared."""
    args = parse_args()
    try:
        sizes = args.size or [common_size(readable(args.configs))]
    except ValueError as error:
        raise SystemExit(f'benchmark.py: {error}') from error
    device = torch.device(args.device)
    mode = 'forward' if args.mode == 'forward' else 'train'
    settings = [
        Setting(mode, batch, size, device, DTYPES[args.dtype], ratio)
        for ratio, size, batch in product(args.mask_ratio, sizes, args.batch)
    ]
    print(describe_machine(device))
    if args.mode in ('train', 'forward'):
        _compare(args, settings)
        return
    work = {
        'memory': _memory,
        'plan': _plan,
        'grouping': _grouping,
        'convolution': _convolution,
    }[args.mode]
    failed = False
    for name, setting in product(args.configs, settings):
        try:
            print(work(name, setting, args))
        except Exception as error:  # one config must not keep the others from being measured
            failed = True
            print(f'{name}: failed: {type(error).__name__}: {error}')
    if failed:
        raise SystemExit(1)


def _compare(args: argparse.Namespace, settings: list[Setting]) -> None:
    try:
        text, failed = benchmark_report.report(args.configs, settings, args.turns, args.picture)
    except ValueError as error:
        raise SystemExit(f'benchmark.py: {error}') from error
    print(text)
    if failed:
        raise SystemExit(f'benchmark.py: failed: {", ".join(failed)}; the table says how.')


def _memory(name: str, setting: Setting, _: argparse.Namespace) -> str:
    peak = peak_of_step(name, setting) / 2**30
    return f'{name}: {peak:.2f} GiB at the peak of a step of {setting.batch}, beside the weights'


def _plan(name: str, setting: Setting, args: argparse.Namespace) -> str:
    spread = time_planning(name, setting, args.turns)
    return (
        f'{name}: to plan a step of {setting.batch} at {setting.size[0]}x{setting.size[1]} px '
        f'takes {spread.median:.2f} ms ({spread.low:.2f} to {spread.high:.2f}) on one core'
    )


def _grouping(name: str, setting: Setting, args: argparse.Namespace) -> str:
    return grouping_costs.report(name, setting, args.picture)


def _convolution(name: str, setting: Setting, args: argparse.Namespace) -> str:
    return convolution_costs.table(
        convolution_costs.compare_convolutions(name, setting, args.turns)
    )


if __name__ == '__main__':
    main()
