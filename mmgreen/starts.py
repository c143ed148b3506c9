"""Does pretraining help on the demo's data? Pretrained and random starts under equal schedules."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from mmgreen.benchmark import describe_machine
from mmgreen.demo import last_value, pretrain, train_detector

METRICS = {
    'box AP': 'coco/bbox_mAP',
    'box AP50': 'coco/bbox_mAP_50',
    'mask AP': 'coco/segm_mAP',
    'mask AP50': 'coco/segm_mAP_50',
}
BEGIN, END = '<!-- make compare writes from here -->', '<!-- to here -->'


def compare_starts(
    tools: Path, data: Path, work_dir: Path, page: Path, seeds: Sequence[int] = (0, 1, 2)
) -> str:
    """Trains the demo's detector from both starts with each seed, and writes the table to a page.

    Runs that are finished are not repeated; those that were interrupted go on.

    Args:
        tools: the folder ``tools``.
        data: where the demo's images are, or will be made.
        work_dir: where the demo's pretraining is, or will be; the detectors go to ``starts``.
        page: a Markdown file with a place for the table, see :func:`write_between_marks`.
        seeds: of the detectors: heads, order of images and flips. At least two.

    Returns:
        The table.
    """
    checkpoint = pretrain(tools, data, work_dir)
    scores: dict[str, list[dict[str, float]]] = {'pretrained': [], 'random': []}
    for seed in seeds:
        for start, runs in scores.items():
            folder = work_dir / 'starts' / f'{start}_{seed}'
            path = checkpoint if start == 'pretrained' else None
            train_detector(tools, data, folder, path, seed)
            runs.append({name: 100 * last_value(folder, key) for name, key in METRICS.items()})
    table = as_table(scores)
    machine = describe_machine(torch.device('cuda' if torch.cuda.is_available() else 'cpu'))
    write_between_marks(page, f'{table}\n\n{time.strftime("%Y-%m-%d")}, {machine}.')
    return table


def as_table(scores: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Markdown: mean and standard deviation over seeds of each start, and every run's value.

    Args:
        scores: for each start one dict of metrics a seed, in percent.
    """
    names = list(next(iter(scores.values()))[0])
    rows = [f'| start | seeds | {" | ".join(names)} |', '|---' * (len(names) + 2) + '|']
    for start, runs in scores.items():
        cells = (_cell([run[name] for run in runs]) for name in names)
        rows.append(f'| {start} | {len(runs)} | {" | ".join(cells)} |')
    return '\n'.join(rows)


def _cell(values: Sequence[float]) -> str:
    each = ', '.join(f'{value:.1f}' for value in values)
    return f'{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f} ({each})'


def write_between_marks(page: Path, text: str) -> None:
    """Replaces what stands between the two marks in a file.

    Raises:
        ValueError: if the marks are not there, once each and in this order.
    """
    content = page.read_text(encoding='utf-8')
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f'{page} has no place for the table: the lines {BEGIN} and {END}.')
    page.write_text(f'{before}{begin}\n\n{text}\n\n{end}{after}', encoding='utf-8')
