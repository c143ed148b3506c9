"""Curves of trainings: losses, the share of a tint, scores and rates, over steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmgreen.engine.training_log import TrainingLog, read_training_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Panel(NamedTuple):
    """One of the pictures that stand below one another."""

    title: str
    is_shown: Callable[[str], bool]
    """Whether a value of this name is drawn here."""
    level: float | None = None
    """Where a dashed line is drawn across."""


PANELS = (
    Panel('loss', lambda name: name in ('loss', 'reconstruction_loss')),
    Panel(
        'error on hidden patches, as a share of that of tints (below 1 it learns)',
        lambda name: name == 'vs_patch_mean',
        level=1.0,
    ),
    Panel('score', lambda name: name.endswith(('_mAP', 'accuracy/top1'))),
    Panel('learning rate', lambda name: name == 'lr'),
)


def draw_curves(work_dirs: Sequence[str | Path], out_file: str | Path) -> Path:
    """Draws what the trainings in these folders have logged, all in one picture.

    Training values are lines, those of validation (held-out images) lines with dots.

    Args:
        work_dirs: work folders of trainings; each has a colour.
        out_file: where the picture goes, its ending the format.

    Returns:
        Where it went.

    Raises:
        MissingFileError: if a folder has no log.
    """
    # Here, for this module is loaded with every hook, and matplotlib is not needed by a step.
    from matplotlib.figure import Figure

    logs = {str(folder): read_training_log(folder) for folder in work_dirs}
    panels = [panel for panel in PANELS if any(_curves(log, panel) for log in logs.values())]
    figure = Figure(figsize=(8, 2.6 * len(panels)), layout='constrained')
    all_axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(all_axes, panels, strict=True):
        _draw_panel(axes, panel, logs)
    all_axes[-1].set_xlabel('step')
    out_file = Path(out_file)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out_file, dpi=100)
    return out_file


def _curves(log: TrainingLog, panel: Panel) -> list[tuple[str, bool, dict[int, float]]]:
    """Name, whether it is of validation, and values by step, of what a panel shows."""
    return [
        (name, values is log.validation, values[name])
        for values in (log.training, log.validation)
        for name in values
        if panel.is_shown(name)
    ]


def _draw_panel(axes: Axes, panel: Panel, logs: dict[str, TrainingLog]) -> None:
    for place, (folder, log) in enumerate(logs.items()):
        for kind, (name, of_validation, by_step) in enumerate(_curves(log, panel)):
            label = f'{name}, {"validation" if of_validation else "training"}'
            axes.plot(
                list(by_step),
                list(by_step.values()),
                label=f'{Path(folder).name}: {label}' if len(logs) > 1 else label,
                color=f'C{place if len(logs) > 1 else kind}',
                linestyle=('-', '--', ':', '-.')[kind % 4] if len(logs) > 1 else '-',
                linewidth=1.2,
                marker='o' if of_validation else None,
                markersize=3,
            )
    if panel.level is not None:
        axes.axhline(panel.level, color='0.6', linewidth=0.8, linestyle='--')
    axes.set_title(panel.title, fontsize=9, loc='left')
    axes.legend(fontsize=7, frameon=False)
    axes.grid(color='0.92')
