"""The depthwise convolutions of Twins on visible tokens, beside the same ones on whole maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from mmgreen.analysis.benchmark import Setting, Spread, build_model
from mmgreen.analysis.measuring import saved_bytes, time_once
from mmgreen.nets.sparse_conv import SparseDepthwiseConv2d
from mmgreen.ops.layout import unit_coords, z_order
from mmgreen.ops.masking import draw_masked, unit_grid, unit_indices
from mmgreen.ops.tiles import cut_tiles

MASK_RATIOS = (0.0, 0.5, 0.75, 0.9)


class Figures(NamedTuple):
    """What was measured of one convolution at one mask ratio, forward and backward."""

    stage: int
    mask_ratio: float
    sparse: Spread
    """Milliseconds."""
    dense: Spread
    ratio: Spread
    """Of the times, turn by turn."""
    megabytes: tuple[float, float]
    """Kept for the backward pass, sparse and dense."""


def compare_convolutions(config: str, setting: Setting, turns: int) -> Iterator[Figures]:
    """The position encodings of a Twins, stage by stage, for every one of ``MASK_RATIOS``.

    Args:
        config: of a pretraining with ``mmgreen.GreenTwins``.
        setting: gives batch, size and device; computed in float32.
        turns: measured turns, after one to warm up.
    """
    backbone = build_model(config, setting).backbone
    grid = unit_grid(*setting.size, backbone.unit_size)
    for stage, encoding in enumerate(backbone.position_encodings):
        side = backbone.unit_sides()[stage]
        maps = torch.randn(setting.batch, encoding.proj.in_channels, grid[0] * side, grid[1] * side)
        maps = maps.to(setting.device, memory_format=torch.channels_last).requires_grad_()
        for ratio in MASK_RATIOS:
            yield _compare(stage, ratio, encoding.proj, maps, side, turns)


def _compare(
    stage: int, ratio: float, conv: SparseDepthwiseConv2d, maps: Tensor, side: int, turns: int
) -> Figures:
    rows, columns = (length // side for length in maps.shape[-2:])
    masked = torch.zeros(rows * columns, dtype=torch.bool)
    if ratio:
        masked = draw_masked(rows * columns, ratio)
    coords = unit_coords(unit_indices(~masked), columns, z_order(side))
    tiles = cut_tiles(coords, side, conv.kernel_size[0] // 2).to(maps.device)
    shape = (len(maps), len(coords), maps.shape[1])
    tokens = torch.randn(shape, device=maps.device, requires_grad=True)

    def run(call: Callable[[], Tensor], _: int = 0) -> None:
        out = call()
        out.backward(out.detach())

    steps = [
        partial(run, partial(conv.forward_visible, tokens, tiles)),
        partial(run, partial(conv, maps)),
    ]
    times = [[1e3 * time_once(step, maps.device) for step in steps] for _ in range(turns + 1)][1:]
    sparse, dense = zip(*times, strict=True)
    return Figures(
        stage=stage,
        mask_ratio=ratio,
        sparse=Spread.of(list(sparse)),
        dense=Spread.of(list(dense)),
        ratio=Spread.of([a / b for a, b in times]),
        megabytes=tuple(saved_bytes(conv, step, 0) / 2**20 for step in steps),
    )


def table(figures: Iterator[Figures]) -> str:
    """The figures as a Markdown table."""
    rows = [
        '| stage | mask ratio | sparse, ms | dense, ms | sparse / dense | MiB kept (and dense) |',
        '|---|---|---|---|---|---|',
    ]
    for f in figures:
        spreads = ' | '.join(
            f'{s.median:.2f} ({s.low:.2f} to {s.high:.2f})' for s in (f.sparse, f.dense, f.ratio)
        )
        kept = ', '.join(f'{each:.1f}' for each in f.megabytes)
        rows.append(f'| {f.stage} | {f.mask_ratio:g} | {spreads} | {kept} |')
    return '\n'.join(rows)
