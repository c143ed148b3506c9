"""Which room of the package imports which, read from the code and drawn."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from mmgreen.errors import InputError

ROOMS = (
    'errors',
    *('operators', 'ops', 'nets', 'registry', 'checkpoints', 'models', 'datasets', 'engine'),
    *('apis', 'analysis', 'demo', 'command', '__main__'),
)
"""From the ground up: a room imports from itself and from those before it."""
APART = ('__init__', 'check_env')
"""They import from no room but ``errors``."""
NOT_CODE = ('configs', '.mim')


def files_of(package: Path) -> dict[Path, str]:
    """The Python files of a package, each with its room: its first folder, or its own name."""
    places = {path: path.relative_to(package).with_suffix('') for path in package.rglob('*.py')}
    rooms = {path: place.parts[0] for path, place in sorted(places.items())}
    return {path: room for path, room in rooms.items() if room not in NOT_CODE}


def imports_of(path: Path) -> Iterator[str]:
    """Full names of all that a file imports, also inside of functions.

    Raises:
        ValueError: if an import is relative.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise InputError(f'{path}:{node.lineno} imports from a relative place.')
            yield from (f'{node.module}.{each.name}' for each in node.names)


def count_arrows(package: Path) -> Counter[tuple[str, str]]:
    """From which room to which other one files import: how many files."""
    files = files_of(package)
    rooms = set(files.values())
    arrows: Counter[tuple[str, str]] = Counter()
    for path, room in files.items():
        names = (name.split('.') for name in imports_of(path))
        targets = {parts[1] for parts in names if parts[0] == package.name and len(parts) > 1}
        arrows.update((room, target) for target in targets & rooms - {room})
    return arrows


def draw(package: Path, out_file: Path) -> list[tuple[str, str]]:
    """Draws rooms one above the other, arrows down in gray and arrows up in red.

    Returns:
        The arrows that go up.
    """
    arrows = count_arrows(package)
    order = (*APART, *ROOMS)
    figure = Figure(figsize=(7, 8), layout='constrained')
    axes = figure.add_subplot(xlim=(-3, 3), ylim=(-0.5, len(order) - 0.5))
    axes.set_axis_off()
    for height, room in enumerate(order):
        axes.text(0, height, room, ha='center', va='center', fontsize=11, zorder=3)
    upwards = []
    for (source, target), files in arrows.items():
        begin, end = order.index(source), order.index(target)
        goes_up = end > begin
        if goes_up:
            upwards.append((source, target))
        side = 1 if (begin + end) % 2 else -1
        axes.add_patch(
            FancyArrowPatch(
                (0.6 * side, begin),
                (0.6 * side, end),
                connectionstyle=f'arc3,rad={-0.45 * side * (1 if begin > end else -1)}',
                arrowstyle='-|>',
                mutation_scale=10,
                linewidth=0.6 + 0.2 * files,
                color='tab:red' if goes_up else 'gray',
            )
        )
    figure.savefig(out_file, dpi=110)
    return upwards
