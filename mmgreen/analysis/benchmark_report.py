"""What was measured of models side by side, as a Markdown table and as a picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmgreen.analysis.benchmark import Failure, Figures, Setting, Spread, compare, readable
from mmgreen.analysis.comparability import check_data, check_tasks
from mmgreen.errors import InputError

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
    value: Callable[[Figures], float | None]
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


class Report(NamedTuple):
    """What a comparison has to say."""

    text: str
    """A table, and before it a line if scores of these configs cannot be compared."""
    failed: list[str]
    """Configs that failed in some setting; the table says how."""


def report(
    configs: Sequence[str],
    settings: Sequence[Setting],
    turns: int,
    picture: str | os.PathLike[str] | None = None,
) -> Report:
    """Compares the models of several configs in every setting, and draws a picture of it.

    Args:
        configs: see :func:`mmgreen.benchmark.compare`.
        settings: what is measured.
        turns: measured turns, after one to warm up.
        picture: a file to write, see :func:`draw`; None draws none.

    Raises:
        ValueError: before anything is measured, if no config can be read, they are of different
            tasks, or there is to be a picture of more than one variable.
    """
    readable_configs = readable(configs)
    check_tasks(readable_configs)
    if picture is not None:
        _check_variables(settings)
    note = ''
    try:
        check_data(readable_configs)
    except ValueError as error:
        note = f'Speed and memory can be compared, scores cannot: {error}\n\n'
    results = []
    for done, setting in enumerate(settings):
        if len(settings) > 1:
            print(f'setting {done + 1} of {len(settings)}', file=sys.stderr)
        results.extend(compare(configs, setting, turns))
    if picture is not None and any(isinstance(each, Figures) for each in results):
        draw(results, picture)
    failed = {each.name for each in results if isinstance(each, Failure)}
    return Report(note + as_table(results), sorted(failed))


def variables_of(settings: Sequence[Setting]) -> list[Variable]:
    """Those of ``VARIABLES`` that have more than one value."""
    return [v for v in VARIABLES if len({v.value(each) for each in settings}) > 1]


def as_table(results: Sequence[Figures | Failure]) -> str:
    """Markdown: a row for each model and setting, with a column for what varies."""
    varying = variables_of([each.setting for each in results])
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
        _number(f.megabytes_per_image, 1),
        _number(f.gigamacs_per_image, 1),
        _number(f.matrix_share, 2),
    ]


def _number(value: float | None, digits: int) -> str:
    return 'too large' if value is None else f'{value:.{digits}f}'


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
    varying = _check_variables([each.setting for each in results])
    measured = [each for each in results if isinstance(each, Figures)]
    if not measured:
        raise InputError('Nothing was measured, so there is nothing to draw.')
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
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _check_variables(settings: Sequence[Setting]) -> list[Variable]:
    varying = variables_of(settings)
    if len(varying) > 1:
        names = ' and '.join(v.title for v in varying)
        raise InputError(f'A picture has one axis, but {names} vary; let one of them vary.')
    return varying


def _curves(axes: Axes, panel: Panel, variable: Variable, measured: Sequence[Figures]) -> None:
    for name in dict.fromkeys(f.name for f in measured):
        points = [f for f in measured if f.name == name and panel.value(f) is not None]
        places = [variable.position(f.setting) for f in points]
        (line,) = axes.plot(
            places, [panel.value(f) for f in points], marker='o', label=_short(name)
        )
        if panel.reach and points:
            low, high = zip(*(panel.reach(f) for f in points), strict=True)
            axes.fill_between(places, low, high, color=line.get_color(), alpha=0.2)
    axes.set_xlabel('side in pixels' if variable.title == 'image' else variable.title, fontsize=9)


def _bars(axes: Axes, panel: Panel, measured: Sequence[Figures]) -> None:
    for place, f in enumerate(measured):
        bars = axes.bar(place, panel.value(f) or 0, label=_short(f.name))
        axes.bar_label(bars, fmt='%.3g', fontsize=8, label_type='center')
        if panel.reach:
            low, high = panel.reach(f)
            axes.vlines(place, low, high, color='black', linewidth=1)
    axes.set_xticks([])


def _short(name: str) -> str:
    """Folder and name of a config."""
    path = Path(name)
    return f'{path.parent.name}/{path.stem}' if path.parent.name else path.stem
