"""What optimal grouping (GreenMIM, arXiv 2205.13515, section 3) costs, and what it gains.

The cost of a plan is ``groups * capacity**2``, as in :mod:`mmgreen.ops.grouping`. Here it is given
as a multiple of the pairs of tokens that share a window, of which no plan can compute fewer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.config import Config
from torch import Tensor

from mmgreen.analysis.benchmark import Setting
from mmgreen.errors import InputError
from mmgreen.nets.attention import fit_window
from mmgreen.nets.swin import PATCH_SIZE
from mmgreen.ops.grouping import GroupPlan, plan_groups
from mmgreen.ops.layout import unit_coords, z_order
from mmgreen.ops.masking import UNIT_SIZE, draw_masked, unit_grid, unit_indices

LARGEST_GROUP = 2  # in windows: the curves end there


class StageCost(NamedTuple):
    """Plans of one stage and shift over many masks, costs as multiples of the least thinkable."""

    stage: int
    shift: int
    window_tokens: int
    """In a window of which nothing is hidden."""
    capacities: np.ndarray
    """(n,) group sizes, from one that holds all windows of at least one mask."""
    costs: np.ndarray
    """(masks, n); NaN where a window of the mask is larger than the group."""
    searched: np.ndarray
    """(masks,) with the group size that the search chooses."""
    fixed: np.ndarray
    """(masks,) with groups of the size of the fullest window, as GreenMIM's code has them."""


def grouping_costs(
    size: tuple[int, int], window_size: int, mask_ratio: float, num_masks: int = 100
) -> list[StageCost]:
    """The cost over group sizes, of every stage and shift of a Swin.

    Args:
        size: height and width of the images in pixels.
        window_size: tokens a side.
        mask_ratio: fraction of units that are hidden.
        num_masks: masks drawn from torch's default generator.
    """
    grid = unit_grid(*size, UNIT_SIZE)
    masks = [draw_masked(grid[0] * grid[1], mask_ratio) for _ in range(num_masks)]
    found = []
    for stage in range(4):
        side = UNIT_SIZE // PATCH_SIZE >> stage
        window, shifts = fit_window(
            (grid[0] * side, grid[1] * side), window_size, pad_small_map=False
        )
        places = z_order(side)
        coords = [unit_coords(unit_indices(~masked), grid[1], places) for masked in masks]
        found.extend(_stage_cost(stage, shift, window, coords) for shift in shifts)
    return found


def _stage_cost(stage: int, shift: int, window: int, coords: Sequence[Tensor]) -> StageCost:
    best = [plan_groups(each, window, shift) for each in coords]
    least = np.array([_pairs(plan) for plan in best])
    fullest = [_fullest_window(plan) for plan in best]
    whole = window**2
    last = max(int(LARGEST_GROUP * whole), *(plan.capacity for plan in best))
    capacities = range(min(fullest), last + 1)
    costs = [
        [
            plan_groups(each, window, shift, capacity=c).cost if c >= most else np.nan
            for c in capacities
        ]
        for each, most in zip(coords, fullest, strict=True)
    ]
    fixed = [
        plan_groups(each, window, shift, capacity=c).cost
        for each, c in zip(coords, fullest, strict=True)
    ]
    return StageCost(
        stage=stage,
        shift=shift,
        window_tokens=whole,
        capacities=np.array(capacities),
        costs=np.array(costs) / least[:, None],
        searched=np.array([plan.cost for plan in best]) / least,
        fixed=np.array(fixed) / least,
    )


def _pairs(plan: GroupPlan) -> int:
    """Pairs of visible tokens that share a window."""
    return int((plan.attend & plan.real[:, :, None]).sum())


def _fullest_window(plan: GroupPlan) -> int:
    return int(plan.attend.where(plan.real[:, :, None], False).sum(-1).max())


class Gap(NamedTuple):
    """The packing found beside the best there is, on small cases."""

    cases: int
    optimal: int
    """How many cost no more than the optimum."""
    mean: float
    """Of cost over optimum."""
    worst: float


def gap_to_optimum(cases: int = 1500, seed: int = 0) -> Gap:
    """Random cases of up to 7 windows with up to 12 visible tokens, solved exhaustively too."""
    generator = np.random.default_rng(seed)
    ratios = []
    for _ in range(cases):
        sizes = generator.integers(1, 13, size=generator.integers(1, 8)).tolist()
        tokens = [(0, 12 * w + i) for w, size in enumerate(sizes) for i in range(size)]
        ratios.append(plan_groups(torch.tensor(tokens), 12, 0).cost / optimal_cost(tuple(sizes)))
    return Gap(cases, ratios.count(1.0), float(np.mean(ratios)), max(ratios))


def optimal_cost(sizes: tuple[int, ...]) -> int:
    """The least cost over all ways to put windows of these sizes into groups, by trying all."""

    @lru_cache(None)
    def fewest_groups(left: tuple[int, ...], capacity: int) -> int:
        if not left:
            return 0
        first, rest = left[0], left[1:]
        remainders = {
            tuple(rest[i] for i in range(len(rest)) if i not in others)
            for count in range(len(rest) + 1)
            for others in combinations(range(len(rest)), count)
            if first + sum(rest[i] for i in others) <= capacity
        }
        return 1 + min(fewest_groups(remainder, capacity) for remainder in remainders)

    return min(
        fewest_groups(sizes, capacity) * capacity**2
        for capacity in range(max(sizes), sum(sizes) + 1)
    )


def report(config: str, setting: Setting, picture: str | os.PathLike[str] | None = None) -> str:
    """A table of the costs in a Swin's pretraining, and a line on how far plans are from the best.

    Args:
        config: of a pretraining with ``mmgreen.GreenSwin``.
        setting: gives the size of images, and the mask ratio unless it is None.
        picture: a file to write; None draws none.

    Raises:
        ValueError: if the config's backbone is not ``GreenSwin``.
    """
    model = Config.fromfile(config).model
    if model.get('backbone', {}).get('type') != 'mmgreen.GreenSwin':
        raise InputError(f'{config} pretrains no GreenSwin, which is what plans groups.')
    ratio = model.mask_ratio if setting.mask_ratio is None else setting.mask_ratio
    costs = grouping_costs(setting.size, model.backbone.get('window_size', 7), ratio)
    if picture is not None:
        draw(costs, picture)
    gap = gap_to_optimum()
    return (
        f'{as_table(costs)}\n\n'
        f'Of {gap.cases} small cases {gap.optimal} cost as little as the optimum; '
        f'cost / optimum is {gap.mean:.4f} in the mean, {gap.worst:.3f} at worst.'
    )


def as_table(costs: Sequence[StageCost]) -> str:
    """Markdown: mean and standard deviation over masks."""
    rows = [
        '| stage | shift | size searched | size of the fullest window | searched / fullest |',
        '|---|---|---|---|---|',
    ]
    for each in costs:
        cells = (each.searched, each.fixed, each.searched / each.fixed)
        text = ' | '.join(f'{values.mean():.2f} ± {values.std():.2f}' for values in cells)
        rows.append(f'| {each.stage} | {each.shift} | {text} |')
    return '\n'.join(rows)


def draw(costs: Sequence[StageCost], path: str | os.PathLike[str]) -> None:
    """Writes a picture: for each stage the cost over group sizes, mean and deviation over masks."""
    stages = sorted({each.stage for each in costs})
    figure = Figure(figsize=(3.2 * len(stages), 3.2), dpi=100, layout='constrained')
    for axes, stage in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages, strict=True):
        for each in (cost for cost in costs if cost.stage == stage):
            mean, deviation = np.nanmean(each.costs, 0), np.nanstd(each.costs, 0)
            name = 'shifted windows' if each.shift else 'plain windows'
            (line,) = axes.plot(each.capacities, mean, label=name)
            color = line.get_color()
            axes.fill_between(
                each.capacities, mean - deviation, mean + deviation, color=color, alpha=0.2
            )
            axes.axhline(
                each.searched.mean(), color=color, linestyle=':', label=f'{name}, searched'
            )
        axes.axvline(each.window_tokens, color='gray', linewidth=1, label='whole window')
        axes.set(title=f'stage {stage}', xlabel='group size', ylim=(0, None))
    figure.axes[0].set_ylabel('cost / pairs that attend')
    labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(*labels, loc='outside lower center', ncols=5, fontsize=8)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
