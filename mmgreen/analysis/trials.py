"""Trials of pretraining: does the error on hidden patches foretell how well a detector starts?"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure


class Trial(NamedTuple):
    """A pretraining and what a detector gained by it."""

    net: str
    share: float
    """The error on hidden patches as a share of that of tints, ``vs_patch_mean``."""
    gain: float
    """Box AP above random weights, the mean over seeds."""


def read_trials(path: Path) -> list[Trial]:
    """Trials whose target is normalised pixels, for shares of other targets are not comparable.

    Args:
        path: a json file as docs/results/cells_trials_own_pixels.json. A trial may bring
            ``random_weights`` of its own, trained on the machine of its detectors.
    """
    content = json.loads(path.read_text(encoding='utf-8'))
    trials = [trial for trial in content['trials'] if trial['target'] == 'norm_pixel']
    return [
        Trial(
            trial['net'],
            trial['vs_patch_mean'],
            _gain(
                trial['box_ap_100'],
                trial.get('random_weights', content['random_weights'][trial['net']]),
            ),
        )
        for trial in trials
    ]


def _gain(ours: dict[str, float], random_weights: dict[str, float]) -> float:
    return statistics.mean(ours[seed] - random_weights[seed] for seed in ours)


def draw_trials(paths: Sequence[Path]) -> Figure:
    """A panel for each net: gains over shares, a colour for each file."""
    found = {path.stem: read_trials(path) for path in paths}
    nets = sorted({trial.net for trials in found.values() for trial in trials})
    figure = Figure(figsize=(4 * len(nets), 3.2), layout='constrained')
    all_axes = figure.subplots(1, len(nets), sharey=True, squeeze=False)[0]
    for axes, net in zip(all_axes, nets, strict=True):
        for name, trials in found.items():
            shown = [trial for trial in trials if trial.net == net]
            axes.scatter([t.share for t in shown], [t.gain for t in shown], label=name)
        axes.axhline(0, color='0.6', linewidth=0.8, linestyle='--')
        axes.set_title(net)
        axes.set_xlabel('vs_patch_mean')
    all_axes[0].set_ylabel('box AP above random weights')
    all_axes[0].legend(frameon=False, fontsize=8)
    return figure
