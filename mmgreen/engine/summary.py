"""What a user has to know to trust a run, in lines of text."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmgreen.datasets.images import UnlabelledImages
from mmgreen.engine.unwrapping import unwrapped_model

PACKAGES = ('mmgreen', 'mmpretrain', 'mmdet', 'mmcv', 'mmengine', 'torch', 'torchvision')

LEAST_WAY = 0.01


def as_block(title: str, lines: Mapping[str, str]) -> str:
    """A title, and below it one line for each entry, aligned."""
    width = max(map(len, lines)) + 2
    return '\n'.join([f'{title}:', *(f'  {key:<{width}}{text}' for key, text in lines.items())])


def describe_software() -> str:
    """Versions of Python and of those packages of the stack that are in use."""
    modules = {name: sys.modules.get(name) for name in PACKAGES}  # None also where it is blocked.
    versions = [f'{name} {module.__version__}' for name, module in modules.items() if module]
    return ', '.join([*versions, f'Python {platform.python_version()}'])


def describe_device(num_processes: int) -> str:
    """On what each process computes."""
    if torch.cuda.is_available():
        name = f'GPU ({torch.cuda.get_device_name()})'
    else:
        name = f'CPU ({torch.get_num_threads()} threads)'
    return f'{num_processes} x {name}'


def describe_images(dataset: Dataset) -> str:
    """How many images were found, where, and what was left aside."""
    if not isinstance(dataset, UnlabelledImages):
        return f'{len(dataset)} {_describe_place(dataset)}'
    text = f'{len(dataset)} found in {dataset.folder}'
    if dataset.num_left_to_the_other_part:
        other = 'held out' if dataset.part == 'training' else 'trained on'
        text += f', {dataset.num_left_to_the_other_part} more are {other}'
    if dataset.num_other_files:
        text += (
            f'; {dataset.num_other_files} other files there are no {dataset.kind}s and are ignored'
        )
    if clips_per_video(dataset) > 1:
        text += f'; {clips_per_video(dataset)} clips are taken of each in every epoch'
    return text


def _describe_place(dataset: Dataset) -> str:
    """Folder and list of a dataset of the hosts, as far as it has them."""
    folders = [each for each in (getattr(dataset, 'data_prefix', None) or {}).values() if each]
    listed = getattr(dataset, 'ann_file', None)
    if not (folders or listed):
        return f'in a {type(dataset).__name__}'
    words = [f'in {folders[0]}'] if folders else []
    return ', '.join([*words, f'of the list {listed}'] if listed else words)


def count_unreadable(dataset: Dataset) -> int:
    """How many images any process has found unreadable so far; all processes must ask."""
    return _count_marks(dataset.unreadable()) if hasattr(dataset, 'unreadable') else 0


def count_short(dataset: Dataset) -> int:
    """How many videos any process has found shorter than a clip so far; all processes must ask."""
    return _count_marks(dataset.short()) if hasattr(dataset, 'short') else 0


def _count_marks(marks: torch.Tensor) -> int:
    marks = marks.clone()
    all_reduce(marks, 'max')
    return int(marks.sum())


def describe_batch(runner: Runner) -> str:
    """How many images make a step of the optimizer, and how many batches there are."""
    accumulated = _accumulated(runner)
    images = images_per_batch(runner.train_dataloader)
    clips = clips_per_video(runner.train_dataloader.dataset)
    kind = f'clips (of {images // clips} videos)' if clips > 1 else 'images'
    number = runner.world_size
    text = f'{images} {kind} x {number} {"process" if number == 1 else "processes"}'
    if accumulated > 1:
        text += f' x {accumulated} batches before each step'
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    steps = runner.max_iters // accumulated
    length = (
        f'{runner.max_epochs} epochs, {steps} steps'
        if by_epoch
        else f'{runner.max_iters} batches in all'
    )
    return (
        f'{text} = {effective_batch(runner)}; {len(runner.train_dataloader)} batches an epoch, '
        f'{length}'
    )


def images_per_batch(loader: DataLoader) -> int:
    """Images in each batch of a loader, also of one with a sampler of whole batches.

    Of videos it is their clips: ``batch_size`` counts videos, and all that is said of batches, and
    the rates that follow from them, count the clips that a step sees.
    """
    videos = loader.batch_size or loader.batch_sampler.batch_size
    return videos * clips_per_video(loader.dataset)


def clips_per_video(dataset: Dataset) -> int:
    """How many samples of a batch come of one index: 1 but for repeated sampling of videos."""
    return getattr(dataset, 'clips_per_video', 1)


def effective_batch(runner: Runner) -> int:
    """Images for each step of the optimizer: of all processes, and accumulated."""
    return images_per_batch(runner.train_dataloader) * runner.world_size * _accumulated(runner)


def _accumulated(runner: Runner) -> int:
    return runner.cfg.optim_wrapper.get('accumulative_counts', 1)


def describe_learning_rate(runner: Runner) -> str:
    """The highest rate, without warm-up and decay, and whether it fits the batch."""
    groups = runner.optim_wrapper.optimizer.param_groups
    rate = max(group.get('initial_lr', group['lr']) for group in groups)
    text = _describe_peak(runner, rate)
    now = max(group['lr'] for group in groups)
    return f'{text}; {now:.4g} at the next step' if runner.iter else text


def learns_little(runner: Runner) -> str | None:
    """A sentence, where the steps are too few for their rate; None where they are enough.

    Adam moves a weight by about its rate in each step, whatever the gradient. Weights start with a
    spread of some 0.02: a training that moves them by less than :data:`LEAST_WAY` ends where it
    began.
    """
    optimizer = runner.optim_wrapper.optimizer
    steps = runner.max_iters // _accumulated(runner)
    rate = max(group.get('initial_lr', group['lr']) for group in optimizer.param_groups)
    if 'Adam' not in type(optimizer).__name__ or steps * rate >= LEAST_WAY:
        return None
    return (
        f'{steps} steps at a rate of at most {rate:.2g} move no weight by more than about '
        f'{steps * rate:.1g}: next to nothing will be learned. Train for more epochs, with a '
        'smaller batch, or at a higher rate (optim_wrapper.optimizer.lr).'
    )


def _describe_peak(runner: Runner, rate: float) -> str:
    written = runner.cfg.optim_wrapper.optimizer.get('lr', rate)
    scaling = runner.cfg.get('auto_scale_lr') or {}
    if scaling.get('enable'):
        return f'{rate:.4g}, that is {written:.4g} of the config x {rate / written:.4g} (scaled)'
    base, batch = scaling.get('base_batch_size'), effective_batch(runner)
    if base is None or base == batch:
        return f'{rate:.4g}'
    return (
        f'{rate:.4g}, as written for a batch of {base}; --auto-scale-lr would make it '
        f'{rate * batch / base:.4g}'
    )


def describe_weights(runner: Runner, loaded: float | None = None) -> str:
    """Where the weights come from, and how many there are.

    Args:
        runner: after its checkpoint was loaded.
        loaded: the share of the parameters that ``load_from`` filled, if that is known.
    """
    model = unwrapped_model(runner)
    return f'{_origin(runner, model, loaded)}; {_count(model)}'


def _origin(runner: Runner, model: nn.Module, loaded: float | None) -> str:
    if runner.cfg.get('resume') and runner.iter:
        return f'resumed after epoch {runner.epoch} (step {runner.iter})'
    if runner.cfg.get('load_from'):
        share = 'as far as names fit'
        if loaded is not None:
            share = f'{100 * loaded:.4g} % of the parameters'
        return f'from {runner.cfg.load_from}, {share} (load_from)'
    starts = (
        (model, 'encoder and decoder from {} (what fitted is listed above)'),
        (
            getattr(model, 'backbone', None),
            'encoder from {} (what fitted is above), the rest random',
        ),
    )
    for part, sentence in starts:
        path = _checkpoint_in(getattr(part, 'init_cfg', None))
        if path:
            return sentence.format(path)
    return 'random'


def _checkpoint_in(init_cfg: dict | list[dict] | None) -> str | None:
    """The path in an ``init_cfg``, which may be a list of initialisers without one."""
    steps = init_cfg if isinstance(init_cfg, list | tuple) else [init_cfg or {}]
    return next((step['checkpoint'] for step in steps if step.get('checkpoint')), None)


def _count(model: nn.Module) -> str:
    sizes = [(each.numel(), each.requires_grad) for each in model.parameters()]
    total = sum(size for size, _ in sizes)
    trained = sum(size for size, is_trained in sizes if is_trained)
    which = 'all trained' if trained == total else f'{trained / 1e6:.1f} M of them trained'
    return f'{total / 1e6:.1f} M parameters, {which}'


def describe_places(runner: Runner) -> str:
    """Where logs and checkpoints go, and which are kept."""
    text = f'{runner.work_dir}, logs in {runner.log_dir}'
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            unit = 'epoch' if hook.by_epoch else 'iteration'
            every = unit if hook.interval == 1 else f'{hook.interval} {unit}s'
            kept = f'the last {hook.max_keep_ckpts} are' if hook.max_keep_ckpts > 0 else 'all are'
            text += f', a checkpoint every {every} ({kept} kept)'
    return text
