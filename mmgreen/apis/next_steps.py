"""How a training ends: what it left, and the commands that come next."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from mmengine.runner import Runner

from mmgreen.engine.resuming import latest_checkpoint
from mmgreen.engine.unwrapping import unwrapped_model


def describe_end(runner: Runner) -> str:
    """Where the best and the last checkpoint are, and what to do with them, to be copied.

    Commands name the config that mmengine writes into the work folder: it has what was given with
    ``--cfg-options``, so that what was trained is what is tested.

    Args:
        runner: after its training, in the main process.
    """
    best, last = _best(runner), latest_checkpoint(runner.work_dir)
    found = [f'Best {score:.4g}: {_short(path)}.' for score, path in best]
    found += [f'Last checkpoint: {_short(last)}.'] if last else []
    sentences = ' '.join(['Finished.', *found])
    checkpoint = best[0][1] if best else last
    if checkpoint is None:
        return sentences
    commands = _commands(runner, _short(checkpoint))
    return '\n'.join([f'{sentences} Next:', *(f'  {command}' for command in commands)])


def _best(runner: Runner) -> list[tuple[float, str]]:
    """The best score and its checkpoint, if there is one file for one score."""
    info = runner.message_hub.runtime_info
    path = info.get('best_ckpt')
    return [(info['best_score'], path)] if path and os.path.isfile(path) else []


def _commands(runner: Runner, checkpoint: str) -> list[str]:
    config = _config(runner)
    commands = []
    if runner.cfg.get('test_dataloader') is not None:
        commands.append(_command('test', config, checkpoint))
    if hasattr(unwrapped_model(runner), 'errors_per_image'):
        dataset = runner.train_dataloader.dataset
        folder = getattr(dataset, 'folder', 'IMAGES')
        sheet = _short(os.path.join(runner.work_dir, 'reconstructions.png'))
        where = ('--img-path', _short(str(folder)), '--out-file', sheet)
        commands.append(_command('picture', config, checkpoint, *where))
        start = f'model.backbone.init_cfg.checkpoint={checkpoint}'
        is_video = getattr(dataset, 'kind', '') == 'video'
        name = 'CLASSIFIER.py' if is_video else 'DETECTOR.py'
        page = 'docs/train_on_your_clips.md' if is_video else 'docs/detect_on_your_data.md'
        train = _command('train', name, '--cfg-options', start)
        commands.append(f'{train}  # {name}: see {page}')
    elif runner.cfg.get('default_scope') == 'mmdet':
        out = _short(os.path.join(runner.work_dir, 'predictions'))
        commands.append(_command('predict', config, checkpoint, 'IMAGES', '--out-dir', out))
    return commands


def _command(*words: str) -> str:
    return shlex.join(['mmgreen', *words])


def _config(runner: Runner) -> str:
    """The config as it was trained, which mmengine wrote into the work folder."""
    name = Path(runner.cfg.filename).name if runner.cfg.filename else f'{runner.timestamp}.py'
    return _short(os.path.join(runner.work_dir, name))


def _short(path: str) -> str:
    """A path from the current folder if it lies below, else the whole path."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative
