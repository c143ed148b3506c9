"""What a label curve says: means with intervals, a table, a figure and sentences."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

LEVEL = 0.95


class Interval(NamedTuple):
    """A mean, and where it lies at 95 % by Student's t; nan where one value says nothing."""

    mean: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """By the digits that are shown: of scores that come in tenths no less can be claimed."""
        return round(self.low, 1) <= 0 <= round(self.high, 1)

    def __str__(self) -> str:
        return f'{self.mean:.1f} [{self.low:.1f}, {self.high:.1f}]'


def interval(values: Sequence[float]) -> Interval:
    """Of the mean of independent values."""
    from scipy.stats import t  # half a second, and only reports need it

    mean = statistics.mean(values)
    if len(values) < 2:
        return Interval(mean, math.nan, math.nan)
    reach = t.ppf((1 + LEVEL) / 2, len(values) - 1) * statistics.stdev(values)
    reach /= math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


class Curve(NamedTuple):
    """The results of one label curve, read from its json file."""

    unit: str
    metric: str
    runs: list[dict]
    """Rows of purpose 'result'."""

    @property
    def starts(self) -> list[str]:
        """In the order of the file."""
        return list(dict.fromkeys(run['start'] for run in self.runs))

    @property
    def points(self) -> list[tuple[int | None, float]]:
        """(labels wanted, length), few labels first, all of them last."""
        found = {(run['wanted'], run['length']) for run in self.runs}
        return sorted(found, key=lambda point: (point[1], point[0] is None, point[0] or 0))

    def scores(self, start: str, wanted: int | None, length: float) -> dict[int, float]:
        """By seed."""
        return {
            run['seed']: run['score']
            for run in self.runs
            if (run['start'], run['wanted'], run['length']) == (start, wanted, length)
        }

    def labels(self, wanted: int | None) -> float:
        """How many labels the subsets of an amount have in the mean."""
        return statistics.mean(run['labels'] for run in self.runs if run['wanted'] == wanted)


def read_curve(path: Path) -> Curve:
    """The results in a ``label_curve.json``."""
    content = json.loads(path.read_text(encoding='utf-8'))
    results = [run for run in content['runs'] if run['purpose'] == 'result']
    return Curve(content['unit'], content['metric'], results)


def gain(curve: Curve, start: str, other: str, wanted: int | None, length: float) -> list[float]:
    """What ``start`` scores above ``other``, seed by seed, on the same subset in the same order."""
    return _paired(*(curve.scores(each, wanted, length) for each in (start, other)))


def _paired(ours: dict[int, float], theirs: dict[int, float]) -> list[float]:
    return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]


def write_report(path: Path) -> None:
    """Writes ``.md`` and ``.png`` beside a ``label_curve.json``, once it has a result."""
    curve = read_curve(path)
    if curve.runs:
        path.with_suffix('.md').write_text(as_markdown(curve), encoding='utf-8')
        draw(curve).savefig(path.with_suffix('.png'), dpi=110)


def as_markdown(curve: Curve) -> str:
    """A row for each amount: every start's mean with its interval, and its gain over the first."""
    first, *others = curve.starts
    heads = [curve.unit, 'length', *curve.starts, *(f'{each} - {first}' for each in others)]
    lines = [f'| {" | ".join(heads)} |', '|---' * len(heads) + '|']
    for wanted, length in curve.points:
        cells = [_amount(wanted), f'{length:g}']
        scores = [list(curve.scores(start, wanted, length).values()) for start in curve.starts]
        cells += [str(interval(each)) if each else '' for each in scores]
        gains = [gain(curve, start, first, wanted, length) for start in others]
        cells += [str(interval(each)) if each else '' for each in gains]
        lines.append(f'| {" | ".join(cells)} |')
    of_each = {len(curve.scores(start, *point)) for start in curve.starts for point in curve.points}
    seeds = ' to '.join(str(each) for each in sorted({min(of_each - {0}), max(of_each)}))
    note = (
        f'{curve.metric}, percent: means over {seeds} seeds [95 % interval]; differences are '
        'paired by seed, that is by subset and order.'
    )
    return '\n'.join([*lines, '', note, '', *sentences(curve), ''])


def sentences(curve: Curve) -> list[str]:
    """What the figures say of each amount; no winner is named where the interval holds zero."""
    first, *others = curve.starts
    said = []
    for start in others:
        for wanted, length in curve.points:
            gains = gain(curve, start, first, wanted, length)
            if gains:
                at = _with(wanted, length, curve.unit)
                said.append(f'{at} {verdict(start, first, interval(gains))}')
        said += labels_spared(curve, start, first)
    return said


def labels_spared(curve: Curve, start: str, other: str) -> list[str]:
    """For each amount of labels, the most with which ``other`` has no better mean."""
    said = []
    for fewer, length in curve.points:
        ours = curve.scores(start, fewer, length)
        reached = [
            (more, gains)
            for more, each in curve.points
            if each == length and _size(more) > _size(fewer)
            if (gains := _paired(ours, curve.scores(other, more, length)))
            if statistics.mean(gains) >= 0
        ]
        if reached:
            more, gains = reached[-1]
            said.append(
                f'{_with(fewer, length, curve.unit)} {start} reaches what {other} has with '
                f'{_amount(more)} (above it by {interval(gains)}).'
            )
    return said


def verdict(start: str, other: str, gained: Interval) -> str:
    """A sentence on what a start scores above another."""
    if math.isnan(gained.low):
        return f'{start} is {gained.mean:+.1f} beside {other}, of one seed, which says nothing yet.'
    if gained.holds_zero:
        return f'{start} and {other} cannot be told apart ({gained}).'
    if gained.mean > 0:
        return f'{start} gains {gained} over {other}.'
    return f'{start} loses {Interval(-gained.mean, -gained.high, -gained.low)} to {other}.'


def _with(wanted: int | None, length: float, unit: str) -> str:
    """'With 30 boxes and 3 times the steps'."""
    return f'With {_amount(wanted)} {unit}' + (
        '' if length == 1 else f' and {length:g} times the steps'
    )


def _amount(wanted: int | None) -> str:
    return 'all' if wanted is None else str(wanted)


def _size(wanted: int | None) -> float:
    return math.inf if wanted is None else wanted


def draw(curve: Curve) -> Figure:
    """Scores over labels, a line with its interval for each start and length."""
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.subplots()
    lengths = sorted({length for _, length in curve.points})
    for place, start in enumerate(curve.starts):
        for style, length in zip(('-', '--', ':', '-.'), lengths, strict=False):
            _draw_line(axes, curve, start, length, f'C{place}', style)
    amounts = sorted({curve.labels(wanted) for wanted, _ in curve.points})
    axes.set_xscale('log')
    axes.set_xticks(amounts, [f'{amount:.0f}' for amount in amounts])
    axes.minorticks_off()
    axes.set_xlabel(f'{curve.unit} labelled')
    axes.set_ylabel(f'{curve.metric}, percent')
    axes.grid(color='0.92')
    axes.legend(frameon=False)
    return figure


def _draw_line(axes, curve: Curve, start: str, length: float, colour: str, style: str) -> None:
    points = [(wanted, each) for wanted, each in curve.points if each == length]
    drawn = [
        (curve.labels(wanted), interval(list(scores.values())))
        for wanted, each in points
        if (scores := curve.scores(start, wanted, each))
    ]
    if not drawn:
        return
    labels, means = [x for x, _ in drawn], [band.mean for _, band in drawn]
    label = start if length == 1 else f'{start}, {length:g} times the steps'
    axes.plot(labels, means, style, color=colour, marker='o', markersize=4, label=label)
    low, high = ([getattr(band, side) for _, band in drawn] for side in ('low', 'high'))
    axes.fill_between(labels, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.vlines(labels, low, high, color=colour, alpha=0.6)  # of a single amount all that is seen
