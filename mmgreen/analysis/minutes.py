"""Box AP of detectors over the minutes that their pretraining took, one line for each method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmgreen.analysis.label_report import Interval, interval

Scores = Mapping[str, float]
"""Box AP in percent of each seed of a detector's training."""


class Point(NamedTuple):
    """So many minutes, and what a detector scores after them."""

    minutes: float
    score: float
    """Box AP in percent, the mean over seeds."""
    gain: Interval
    """Above random weights of the same net, seed by seed."""


class Line(NamedTuple):
    """What was done with the minutes, and the points that this gave."""

    name: str
    is_pretraining: bool
    """Or the minutes went to longer fine-tuning of random weights."""
    points: list[Point]


def read_lines(path: Path) -> list[Line]:
    """A line for each method, and one for each net that was fine-tuned longer instead.

    Args:
        path: a json file as docs/results/cells_minutes.json. At 0 minutes are random weights. A
            point may bring ``random_weights`` of its own, trained on the machine of its detectors.
    """
    content = json.loads(path.read_text(encoding='utf-8'))
    random_weights = {net: at['box_ap_100'] for net, at in content['random_weights'].items()}

    def points(net: str, measured: list[dict]) -> list[Point]:
        first = dict(minutes=0, box_ap_100=random_weights[net])
        return [_point(each, random_weights[net]) for each in (first, *measured)]

    methods = [
        Line(each['method'], True, points(each['net'], each['points']))
        for each in content['pretrainings']
    ]
    longer = [
        Line(f'{each["net"].capitalize()}, fine-tuned longer', False, points(each['net'], [each]))
        for each in content['longer_fine_tuning']
    ]
    return methods + longer


def _point(measured: dict, random_weights: Scores) -> Point:
    scores: Scores = measured['box_ap_100']
    compared: Scores = measured.get('random_weights', random_weights)
    gains = [scores[seed] - compared[seed] for seed in scores]
    return Point(measured['minutes'], mean(scores.values()), interval(gains))


def draw_minutes(path: Path) -> Figure:
    """Box AP over minutes, 95 % of each gain over random weights as a bar."""
    figure = Figure(figsize=(6.4, 4.2), layout='constrained')
    axes = figure.subplots()
    lines = read_lines(path)
    for place, line in enumerate(lines):
        _draw(axes, line, shift=1 + 0.015 * (place - len(lines) / 2))
    ticks = sorted({p.minutes for line in lines if line.is_pretraining for p in line.points})
    axes.set_xscale('symlog', linthresh=ticks[1], linscale=0.7)
    axes.set_xticks(ticks, [f'{minutes:g}' for minutes in ticks])
    axes.minorticks_off()
    axes.set_xlabel('minutes of pretraining, or of longer fine-tuning (dashed)')
    axes.set_ylabel('box AP')
    figure.legend(loc='outside upper center', frameon=False, fontsize=8, ncols=3)
    return figure


def _draw(axes: Axes, line: Line, shift: float) -> None:
    """Bars are moved aside by a factor, so that those of one number of minutes can be seen."""
    axes.errorbar(
        [point.minutes * shift for point in line.points],
        [point.score for point in line.points],
        [(point.gain.high - point.gain.low) / 2 for point in line.points],
        label=line.name,
        marker='o',
        markersize=4,
        linestyle='-' if line.is_pretraining else '--',
        elinewidth=0.8,
    )
