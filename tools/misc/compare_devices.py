"""Compares a step of each family on a device with the same on the CPU; see docs/benchmarks.md.

Ends with 1 if a gradient in float32 differs by more than 1e-3, or a loss under bf16 by 2 %.
"""

import argparse

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--device', default='cuda', help='cuda, cuda:1, …')
    return parser.parse_args()


def main() -> None:
    """Prints a line a family."""
    args = parse_args()
    with ends_in_a_sentence('tools/misc/compare_devices.py'):
        import torch

        from mmgreen.analysis.device_comparison import compare_devices

        wrong = []
        for figures in compare_devices(torch.device(args.device)):
            print(figures.describe(), flush=True)
            if not figures.agrees:
                wrong.append(figures.family)
    if wrong:
        raise SystemExit(f'compare_devices.py: {args.device} differs: {", ".join(wrong)}.')


if __name__ == '__main__':
    main()
