"""What the demo and the survey do alike: they run the ordinary tools, each as one would type it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from torch.distributed.elastic.utils.distributed import get_free_port

from mmgreen.analysis.label_report import interval, read_curve, sentences
from mmgreen.apis.endings import Terminated
from mmgreen.engine.amp_on_cpu import computes_in_bfloat16
from mmgreen.engine.training_log import read_training_log

# Networks as small as these gain next to nothing from a second thread.
PROCESSES = 2
RANDOM, PRETRAINED = 'random', 'pretrained'


def run_tool(tool: Path, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
    """Runs a tool of Python or bash, and prints the command as one would type it.

    Raises:
        subprocess.CalledProcessError: if it fails; its own message is above.
    """
    environment = environment or {}
    shell = 'bash' if tool.suffix == '.sh' else 'python'
    command = [shell, str(tool), *map(str, arguments)]
    typed = [f'{name}={shlex.quote(value)}' for name, value in environment.items()]
    print('\n$', *typed, shlex.join(command), flush=True)
    # The scripts call torchrun, which lies beside this Python.
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ.get("PATH", "")}'
    program = sys.executable if shell == 'python' else shell
    with subprocess.Popen(
        [program, *command[1:]], env={**os.environ, 'PATH': path, **environment}
    ) as process:
        try:
            status = process.wait()
        except Terminated:  # Ctrl-C has reached it already; this signal was for the demo alone
            process.terminate()
            raise
    if status:
        raise subprocess.CalledProcessError(status, command)


def train(tools: Path, config: str, work_dir: Path, options: Mapping[str, object]) -> Path:
    """Trains, on a GPU or in two processes, or goes on with it; returns the last checkpoint.

    In bfloat16 on a processor that has instructions for it.

    Args:
        tools: the folder ``tools``.
        config: what is trained.
        work_dir: where it is trained.
        options: what else than the config says.
    """
    ours = ('--work-dir', work_dir, '--resume')
    if torch.cuda.is_available():
        run_tool(tools / 'train.py', config, *ours, *_cfg_options(options))
    else:
        batch_size = Config.fromfile(config).train_dataloader.batch_size // PROCESSES
        options = {**options, 'train_dataloader.batch_size': batch_size}
        amp = ['--amp'] if computes_in_bfloat16() else []
        run_tool(
            tools / 'dist_train.sh',
            *(config, PROCESSES, *ours, *amp, *_cfg_options(options)),
            environment=_meeting_place(),
        )
    return last_checkpoint(work_dir)


def last_checkpoint(work_dir: Path) -> Path:
    """Of a training in a folder."""
    return Path((work_dir / 'last_checkpoint').read_text())


def last_share_of_a_tint(work_dir: Path) -> float:
    """``vs_patch_mean`` on held-out images, when a pretraining was last validated."""
    shares = read_training_log(work_dir).validation['vs_patch_mean']
    return shares[max(shares)]


def processor_minutes(work_dir: Path, processes: int = 1) -> float:
    """Minutes of a training's steps, from its log, times the processes that shared them."""
    log = read_training_log(work_dir).training
    seconds = log['time'].values()  # of a step, each the mean since the value before it
    return sum(seconds) / len(seconds) * max(log['time']) * processes / 60


def _meeting_place() -> dict[str, str]:
    """A port of their own for the processes: another training may hold the scripts' usual one."""
    return {'PORT': str(get_free_port())}


def _cfg_options(options: Mapping[str, object]) -> list[str]:
    """The options of a config, as tools take them."""
    return ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]


def both_starts(checkpoint: Path) -> dict[str, object]:
    """Random weights, and those of a pretraining."""
    return {RANDOM: '', PRETRAINED: checkpoint}


def label_curve(
    tools: Path,
    config: str,
    starts: Mapping[str, object],
    work_dir: Path,
    arguments: Sequence[object],
    options: Mapping[str, object],
    keep_checkpoints: bool = False,
) -> Path:
    """Trains a detector or a classifier with few labels from each start, or goes on with it.

    Args:
        tools: the folder ``tools``.
        config: the detector's or classifier's.
        starts: by name a checkpoint, or nothing for random weights.
        work_dir: where all is trained.
        arguments: further ones of ``label_curve.py``.
        options: what else than the config says.
        keep_checkpoints: of every training, the last.

    Returns:
        The path of ``label_curve.json``.
    """
    run_tool(
        tools / 'analysis_tools/label_curve.py',
        *(config, '--starts', *(f'{name}={start}' for name, start in starts.items())),
        *(*arguments, '--jobs', PROCESSES, '--work-dir', work_dir),
        *(['--keep-checkpoints'] if keep_checkpoints else []),
        *_cfg_options(options),
    )
    return work_dir / 'label_curve.json'


def answer(path: Path, where: str) -> list[str]:
    """Both starts side by side, with their spread, and what can be said of them.

    Args:
        path: of a ``label_curve.json`` with one amount of labels.
        where: on which images they were scored.
    """
    curve = read_curve(path)
    ((wanted, length),) = curve.points
    lines = [f'  Box AP with {curve.labels(wanted):.0f} labelled boxes, {where}']
    for start in curve.starts:
        scores = list(curve.scores(start, wanted, length).values())
        each = ', '.join(f'{score:.1f}' for score in scores)
        lines.append(f'    {start:12} {interval(scores).mean:5.1f}   ({each})')
    return [*lines, *(f'  {each}' for each in sentences(curve))]
