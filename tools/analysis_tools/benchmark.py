"""Speed and memory of several models side by side; see docs/benchmarks.md."""

import argparse

import torch

from mmgreen import benchmark_convolution
from mmgreen.benchmark import (
    Setting,
    compare,
    describe_machine,
    peak_of_step,
    table,
    time_planning,
)

DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', nargs='+', help='configs; ratios refer to the last')
    parser.add_argument(
        '--mode',
        choices=['train', 'forward', 'memory', 'plan', 'convolution'],
        default='train',
        help='a training step, a forward pass without gradient (of a detector: inference), the '
        'peak memory of a training step, planning groups on one core, or the depthwise '
        'convolutions of Twins on visible tokens',
    )
    parser.add_argument('--batch', type=int, default=8, help='images in a batch')
    parser.add_argument(
        '--size', type=int, nargs='+', default=[224], help='pixels: side, or height and width'
    )
    parser.add_argument('--turns', type=int, default=7, help='measured turns')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--dtype', choices=DTYPES, default='fp32', help='what autocast computes in')
    args = parser.parse_args()
    if len(args.size) > 2:
        parser.error('--size takes one or two numbers')
    return args


def main() -> None:
    args = parse_args()
    size = (args.size[0], args.size[-1])
    device = torch.device(args.device)
    print(describe_machine(device))
    if args.mode == 'plan':
        for config in args.configs:
            spread = time_planning(config, size, args.turns)
            print(
                f'{config}: planning at {size[0]}x{size[1]} px takes {spread.median:.2f} ms '
                f'({spread.low:.2f} to {spread.high:.2f}) a step on one core'
            )
        return
    mode = args.mode if args.mode in ('train', 'forward') else 'train'
    setting = Setting(mode, args.batch, size, device, DTYPES[args.dtype])
    if args.mode == 'memory':
        for config in args.configs:
            peak = peak_of_step(config, setting) / 2**30
            print(f'{config}: {peak:.2f} GiB at the peak of a training step, beside the weights')
        return
    if args.mode == 'convolution':
        for config in args.configs:
            figures = benchmark_convolution.compare_convolutions(config, setting, args.turns)
            print(benchmark_convolution.table(figures))
        return
    print(table(compare(args.configs, setting, args.turns)))


if __name__ == '__main__':
    main()
