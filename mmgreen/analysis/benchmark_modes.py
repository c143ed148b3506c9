"""What tools/analysis_tools/benchmark.py measures in each of its modes."""

from __future__ import annotations

from collections.abc import Sequence
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


def benchmark(
    configs: Sequence[str],
    mode: str = 'train',
    batches: Sequence[int] = (8,),
    sizes: Sequence[tuple[int, int]] = (),
    mask_ratios: Sequence[float | None] = (None,),
    turns: int = 7,
    picture: str | None = None,
    device: str | None = None,
    dtype: str = 'fp32',
    compiled: str | None = None,
) -> list[str]:
    """Measures, and prints what was measured.

    Args:
        configs: paths; ratios refer to the last that works.
        mode: 'train' or 'forward', which give one table, or a key of ``MODES``.
        batches: images in a batch, one setting for each.
        sizes: height and width in pixels, one setting for each; by default that of the configs.
        mask_ratios: one setting for each; None leaves that of each config.
        turns: measured turns.
        picture: a file for a picture, if at most one of these varies.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.
        dtype: a key of ``DTYPES``: what autocast computes in.
        compiled: how pretraining models are compiled, a key of ``COMPILING``.

    Returns:
        The configs that failed, each of which is printed with its reason.

    Raises:
        ValueError: if none can be measured, or they cannot be compared.
    """
    place = torch.device(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    sizes = sizes or [common_size(readable(configs))]
    step = 'forward' if mode == 'forward' else 'train'
    settings = [
        Setting(step, batch, size, place, DTYPES[dtype], ratio, compiled)
        for ratio, size, batch in product(mask_ratios, sizes, batches)
    ]
    print(describe_machine(place))
    if mode in MODES:
        return _one_by_one(mode, configs, settings, turns, picture)
    text, failed = benchmark_report.report(configs, settings, turns, picture)
    print(text)
    return failed


def _one_by_one(
    mode: str, configs: Sequence[str], settings: list[Setting], turns: int, picture: str | None
) -> list[str]:
    failed = []
    for name, setting in product(configs, settings):
        try:
            print(MODES[mode](name, setting, turns, picture))
        except Exception as error:  # one config must not keep the others from being measured
            failed.append(name)
            print(f'{name}: failed: {type(error).__name__}: {error}')
    return failed


def _memory(name: str, setting: Setting, turns: int, picture: str | None) -> str:
    peak = peak_of_step(name, setting) / 2**30
    return f'{name}: {peak:.2f} GiB at the peak of a step of {setting.batch}, beside the weights'


def _plan(name: str, setting: Setting, turns: int, picture: str | None) -> str:
    spread = time_planning(name, setting, turns)
    return (
        f'{name}: to plan a step of {setting.batch} at {setting.size[0]}x{setting.size[1]} px '
        f'takes {spread.median:.2f} ms ({spread.low:.2f} to {spread.high:.2f}) on one core'
    )


def _grouping(name: str, setting: Setting, turns: int, picture: str | None) -> str:
    return grouping_costs.report(name, setting, picture)


def _convolution(name: str, setting: Setting, turns: int, picture: str | None) -> str:
    return convolution_costs.table(convolution_costs.compare_convolutions(name, setting, turns))


MODES = {'memory': _memory, 'plan': _plan, 'grouping': _grouping, 'convolution': _convolution}
"""What measures one config after another."""
