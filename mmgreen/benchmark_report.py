"""What was measured of models side by side, as a Markdown table and as a picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgreen.benchmark import Failure, Figures, Setting, Spread

PANEL_INCHES = (4.2, 3.2)


class Variable(NamedTuple):
    """What may differ from one setting to the next."""

    title: str
    value: Callable[[Setting], object]
    position: Callable[[Setting], float]
    """On the axis of a picture."""


def _side(setting: Setting) -> float:
    """Of a square of as many pixels."""
    return (setting.size[0] * setting.size[1]) ** 0.5


VARIABLES = (
    Variable('mask ratio', lambda s: s.mask_ratio, lambda s: s.mask_ratio),
    Variable('image', lambda s: f'{s.size[0]}x{s.size[1]} px', _side),
    Variable('batch', lambda s: s.batch, lambda s: s.batch),
)


class Panel(NamedTuple):
    """One figure of merit, in a panel of the picture."""

    title: str
    value: Callable[[Figures], float]
    reach: Callable[[Figures], tuple[float, float]] | None = None
    """Lowest and highest value that was measured."""


PANELS = (
    Panel(
        'images / s',
        lambda f: f.images_per_second,
        lambda f: (f.setting.batch / f.seconds.high, f.setting.batch / f.seconds.low),
    ),
    Panel('MiB per further image', lambda f: f.megabytes_per_image),
    Panel('GMACs / image', lambda f: f.gigamacs_per_image),
    Panel('bare products / step', lambda f: f.matrix_share),
)


def variables_of(results: Sequence[Figures | Failure]) -> list[Variable]:
    """Those of ``VARIABLES`` that have more than one value."""
    return [v for v in VARIABLES if len({v.value(each.setting) for each in results}) > 1]


def as_table(results: Sequence[Figures | Failure]) -> str:
    """Markdown: a row for each model and setting, with a column for what varies."""
    varying = variables_of(results)
    heads = [
        'model',
        *(v.title for v in varying),
        's / step (min to max)',
        'images/s',
        'time / last (min to max)',
        'MiB per further image',
        'GMACs / image',
        'bare products / step',
    ]
    rows = [f'| {" | ".join(heads)} |', '|---' * len(heads) + '|']
    for each in results:
        place = [each.name, *(str(v.value(each.setting)) for v in varying)]
        cells = _cells(each) if isinstance(each, Figures) else [f'failed: {each.reason}', *[''] * 5]
        rows.append(f'| {" | ".join([*place, *cells])} |')
    return '\n'.join(rows)


def _cells(f: Figures) -> list[str]:
    return [
        _spread(f.seconds),
        f'{f.images_per_second:.2f}',
        _spread(f.ratio),
        f'{f.megabytes_per_image:.1f}',
        f'{f.gigamacs_per_image:.1f}',
        f'{f.matrix_share:.2f}',
    ]


def _spread(s: Spread) -> str:
    return f'{s.median:.3f} ({s.low:.3f} to {s.high:.3f})'


def draw(results: Sequence[Figures | Failure], path: str | os.PathLike[str]) -> None:
    """Writes a picture: bars, or curves over what varies; failures are left out.

    Args:
        results: of one or several settings, in which at most one thing varies.
        path: its ending decides the format.

    Raises:
        ValueError: if more than one thing varies, or nothing was measured.
    """
    varying = variables_of(results)
    if len(varying) > 1:
        names = ' and '.join(v.title for v in varying)
        raise ValueError(f'A picture has one axis, but {names} vary; give one of them one value.')
    measured = [each for each in results if isinstance(each, Figures)]
    if not measured:
        raise ValueError('Nothing was measured, so there is nothing to draw.')
    figure = Figure(
        figsize=(2 * PANEL_INCHES[0], 2 * PANEL_INCHES[1] + 0.5), dpi=100, layout='constrained'
    )
    for axes, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        if varying:
            _curves(axes, panel, varying[0], measured)
        else:
            _bars(axes, panel, measured)
        axes.set_title(panel.title, fontsize=10)
        axes.set_ylim(bottom=0)
    labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(*labels, loc='outside lower center', ncols=2, fontsize=8)
    FigureCanvasAgg(figure)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _curves(axes: Axes, panel: Panel, variable: Variable, measured: Sequence[Figures]) -> None:
    for name in dict.fromkeys(f.name for f in measured):
        points = [f for f in measured if f.name == name]
        places = [variable.position(f.setting) for f in points]
        (line,) = axes.plot(
            places, [panel.value(f) for f in points], marker='o', label=_short(name)
        )
        if panel.reach:
            low, high = zip(*(panel.reach(f) for f in points), strict=True)
            axes.fill_between(places, low, high, color=line.get_color(), alpha=0.2)
    axes.set_xlabel('side in pixels' if variable.title == 'image' else variable.title, fontsize=9)


def _bars(axes: Axes, panel: Panel, measured: Sequence[Figures]) -> None:
    for place, f in enumerate(measured):
        bars = axes.bar(place, panel.value(f), label=_short(f.name))
        axes.bar_label(bars, fmt='%.3g', fontsize=8, label_type='center')
        if panel.reach:
            low, high = panel.reach(f)
            axes.vlines(place, low, high, color='black', linewidth=1)
    axes.set_xticks([])


def _short(name: str) -> str:
    """Folder and name of a config."""
    path = Path(name)
    return f'{path.parent.name}/{path.stem}' if path.parent.name else path.stem
