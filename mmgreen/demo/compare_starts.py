"""Our own scores: small detectors of every method under one recipe, pretrained and from random."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config

from mmgreen.analysis.benchmark import describe_machine
from mmgreen.analysis.comparability import check_data, check_sizes
from mmgreen.analysis.flops import count_parts
from mmgreen.demo import NETS
from mmgreen.demo.run import detection_config, pretrain, train_detector
from mmgreen.engine.training_log import last_value
from mmgreen.errors import InputError

METRICS = {
    'box AP': 'coco/bbox_mAP',
    'box AP50': 'coco/bbox_mAP_50',
    'mask AP': 'coco/segm_mAP',
    'mask AP50': 'coco/segm_mAP_50',
}
BEGIN, END = '<!-- make compare writes from here -->', '<!-- to here -->'


class Row(NamedTuple):
    """The runs of one method from one start."""

    method: str
    start: str
    """'pretrained' or 'random'."""
    scores: list[dict[str, float]]
    """For each seed the metrics in percent."""


def compare_starts(
    tools: Path,
    data: Path,
    work_dir: Path,
    page: Path,
    seeds: Sequence[int] = (0, 1, 2),
    methods: Sequence[str] = tuple(NETS),
) -> str:
    """Trains the demo's detectors from both starts with each seed, and writes the table to a page.

    Runs that are finished are not repeated; those that were interrupted go on.

    Args:
        tools: the folder ``tools``.
        data: where the demo's images are, or will be made.
        work_dir: ``demo_METHOD`` in it holds the demo's pretraining of each method, or will; the
            detectors go to its folder ``starts``.
        page: a Markdown file with a place for the table, see :func:`write_between_marks`.
        seeds: of the detectors: heads, order of images and flips. At least two.
        methods: those of the demo.

    Returns:
        The table.

    Raises:
        ValueError: if the methods' configs differ in data or in the size of images.
    """
    configs = [Config.fromfile(detection_config(method)) for method in methods]
    check_sizes(configs, 'train all at one')
    check_data(configs)
    rows = []
    for method in methods:
        folder = work_dir / f'demo_{method}'
        checkpoint = pretrain(tools, data, folder, method)
        for start, path in (('pretrained', checkpoint), ('random', None)):
            rows.append(Row(method, start, []))
            for seed in seeds:
                run = folder / 'starts' / f'{start}_{seed}'
                train_detector(tools, data, run, path, seed, method)
                rows[-1].scores.append(
                    {name: 100 * last_value(run, key) for name, key in METRICS.items()}
                )
    table = as_table(rows)
    machine = describe_machine(torch.device('cuda' if torch.cuda.is_available() else 'cpu'))
    write_between_marks(page, f'{table}\n\n{time.strftime("%Y-%m-%d")}, {machine}.')
    return table


def as_table(rows: Sequence[Row]) -> str:
    """Markdown: mean and standard deviation over seeds of each row, and every run's value."""
    names = list(rows[0].scores[0])
    heads = ['method', 'backbone', 'start', *names]
    lines = [f'| {" | ".join(heads)} |', '|---' * len(heads) + '|']
    for row in rows:
        cells = (_cell([score[name] for score in row.scores]) for name in names)
        lines.append(f'| {row.method} | {_size(row.method)} | {row.start} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _size(method: str) -> str:
    config = Config.fromfile(detection_config(method))
    backbone = count_parts(config, (config.size, config.size))[0]
    return f'{backbone.num_parameters / 1e6:.1f} M, {backbone.macs / 1e9:.2f} G'


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
        raise InputError(f'{page} has no place for the table: the lines {BEGIN} and {END}.')
    page.write_text(f'{before}{begin}\n\n{text}\n\n{end}{after}', encoding='utf-8')
