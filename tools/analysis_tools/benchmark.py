"""Speed and memory of several models side by side; see docs/benchmarks.md, docs/comparison.md."""

import argparse

from mmgreen.apis.arguments import config_path
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'configs',
        nargs='+',
        type=config_path,
        help='configs, or names of ours; ratios refer to the last that works',
    )
    parser.add_argument(
        '--mode',
        choices=['train', 'forward', 'memory', 'plan', 'grouping', 'convolution'],
        default='train',
        help='a training step, a forward pass without gradient (of a detector: inference), the '
        'peak memory of a training step, planning groups on one core, what groups cost over their '
        'size, or the depthwise convolutions of Twins on visible tokens',
    )
    parser.add_argument(
        '--batch', dest='batches', type=int, nargs='+', default=[8], help='images in a batch'
    )
    parser.add_argument(
        '--size',
        dest='sizes',
        type=_size,
        nargs='+',
        default=[],
        help='pixels, 224 or 800x1344; by default that of the configs, if they have the same',
    )
    parser.add_argument(
        '--mask-ratio',
        dest='mask_ratios',
        type=float,
        nargs='+',
        default=[None],
        help='by default that of each config',
    )
    parser.add_argument('--turns', type=int, default=7, help='measured turns')
    parser.add_argument('--picture', help='file for a picture, if at most one of these varies')
    parser.add_argument('--device', help='cpu, cuda:0, …; by default a GPU if there is one')
    parser.add_argument(
        '--dtype',
        choices=['fp32', 'bf16', 'fp16'],
        default='fp32',
        help='what autocast computes in',
    )
    parser.add_argument(
        '--compile',
        dest='compiled',
        choices=['dynamic', 'graphs'],
        help='compile pretraining models: for shapes that differ from mask to mask, or with CUDA '
        'graphs for those that do not',
    )
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    sides = [int(side) for side in text.split('x')]
    if len(sides) > 2:
        raise ValueError(text)
    return sides[0], sides[-1]


def main() -> None:
    """Prints a table; ends with 1 if a config failed, with one sentence if none can be compared."""
    args = parse_args()
    with ends_in_a_sentence('tools/analysis_tools/benchmark.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.analysis.benchmark_modes import benchmark

        failed = benchmark(**vars(args))
    if failed:
        raise SystemExit(f'benchmark.py: failed: {", ".join(failed)}; it says how above.')


if __name__ == '__main__':
    main()
