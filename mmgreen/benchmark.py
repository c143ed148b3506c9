"""Speed and memory of models side by side.

Machines drift, so models take turns: one step of each, again and again; what is compared is the
ratio within a turn. Three figures say how near to the limit a model is: multiply-adds, memory that
each further image adds, and the time of its matrix products alone as a share of its step.
"""

from __future__ import annotations

import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from multiprocessing.connection import Connection
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS, TRANSFORMS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen.flops import count_macs
from mmgreen.measuring import memory_per_image, peak_bytes, time_matrix_products, time_once
from mmgreen.ops.masking import draw_masked, unit_grid


class Spread(NamedTuple):
    """Several measurements of one thing."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Median, minimum and maximum."""
        return cls(statistics.median(values), min(values), max(values))


class Figures(NamedTuple):
    """What was measured of one model."""

    name: str
    seconds: Spread
    """Of one step."""
    images_per_second: float
    ratio: Spread
    """Time over that of the last model, turn by turn."""
    megabytes_per_image: float
    gigamacs_per_image: float
    matrix_share: float
    """Time of the bare matrix products over the time of the step."""


class Setting(NamedTuple):
    """What is measured, the same for every model."""

    mode: str
    """'train': loss and backward; 'forward': without gradient, of a detector down to boxes."""
    batch: int
    size: tuple[int, int]
    device: torch.device
    dtype: torch.dtype
    """float32, or what autocast computes in."""

    def autocast(self) -> AbstractContextManager:
        """The context of the forward pass."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)


def build_model(config: str, device: torch.device) -> nn.Module:
    """The model of a config, in training mode.

    In its place may stand a backbone, or another library's net: ``type='package.name'``.
    """
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    model = MODELS.build(cfg.model).to(device)
    model.train()  # not chained: train() of the hosts' Swin returns None
    return model


def make_step(model: nn.Module, setting: Setting) -> Callable[[int], None]:
    """A function that runs one step on a batch of the given size."""

    def step(batch: int) -> None:
        images, samples = _inputs(model, batch, setting)
        if setting.mode == 'forward':
            model.eval()
            with torch.no_grad(), setting.autocast():
                if _is_detector(model):
                    model.predict(images, samples)
                else:
                    model(images)
            return
        with setting.autocast():
            loss = _loss(model, images, samples)
        loss.backward()
        model.zero_grad(set_to_none=True)

    return step


def _loss(model: nn.Module, images: Tensor, samples: list) -> Tensor:
    """Of a model of OpenMMLab, or of a net of another library that returns its loss first."""
    if not isinstance(model, BaseModel):
        return model(images)[0]
    loss, _ = model.parse_losses(model.loss(images, samples))
    return loss


def _is_detector(model: nn.Module) -> bool:
    return any(each.__name__ == 'BaseDetector' for each in type(model).__mro__)


def _inputs(model: nn.Module, batch: int, setting: Setting) -> tuple[Tensor, list]:
    """Images, and what the model wants beside them: SimMIM masks, a detector eight objects each."""
    if _is_detector(model):
        from mmdet.testing import demo_mm_inputs

        made = demo_mm_inputs(batch, (3, *setting.size), [8] * batch, num_classes=2, with_mask=True)
        data = model.data_preprocessor(made, training=True)
        return data['inputs'], data['data_samples']
    images = torch.randn(batch, 3, *setting.size, device=setting.device)
    samples = [DataSample() for _ in range(batch)]
    if type(model).__name__ == 'SimMIM':
        size = setting.size
        masks = TRANSFORMS.build(
            dict(
                type='SimMIMMaskGenerator',
                input_size=size[0],
                mask_patch_size=32,
                model_patch_size=4,
                mask_ratio=0.6,
            )
        )
        for sample in samples:
            sample.set_field(torch.as_tensor(masks.transform({})['mask']), 'mask')
    return images, samples


def compare(configs: list[str], setting: Setting, turns: int) -> list[Figures]:
    """Figures of the models of several configs, measured in turns.

    Args:
        configs: the last is the peer that ratios refer to.
        setting: what is measured.
        turns: measured turns, after one to warm up.
    """
    models = [build_model(config, setting.device) for config in configs]
    steps = [make_step(model, setting) for model in models]
    times: list[list[float]] = [[] for _ in steps]
    for turn in range(turns + 1):
        for step, taken in zip(steps, times):
            seconds = time_once(lambda: step(setting.batch), setting.device)  # noqa: B023
            if turn:
                taken.append(seconds)
    figures = []
    for config, model, step, taken in zip(configs, models, steps, times):
        spread = Spread.of(taken)
        figures.append(
            Figures(
                name=config,
                seconds=spread,
                images_per_second=setting.batch / spread.median,
                ratio=Spread.of([a / b for a, b in zip(taken, times[-1])]),
                megabytes_per_image=memory_per_image(model, step, setting.device) / 2**20,
                gigamacs_per_image=count_macs(partial(step, 1)) / 1e9,
                matrix_share=time_matrix_products(step, setting.batch, setting.device)
                / spread.median,
            )
        )
    return figures


def time_planning(config: str, size: tuple[int, int], turns: int) -> Spread:
    """Milliseconds to plan the groups of one step, all stages and shifts, on one core."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    backbone = MODELS.build(cfg.model.backbone)
    grid = unit_grid(*size, backbone.unit_size)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(turns + 3):
        masked = draw_masked(grid[0] * grid[1], cfg.model.mask_ratio)
        begin = time.perf_counter()
        backbone.plan_visible(masked, grid)
        times.append(1e3 * (time.perf_counter() - begin))
    torch.set_num_threads(threads)
    return Spread.of(times[3:])


def peak_of_step(config: str, setting: Setting) -> int:
    """Bytes that one training step needs at its peak, beside the weights, in a new process.

    On a CPU this has in it what torch and its libraries set up in a first step.
    """
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_peak, args=(config, setting, sender))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError as error:
        raise RuntimeError(f'The step of {config} failed; its message is above.') from error
    finally:
        process.join()


def _send_peak(config: str, setting: Setting, sender: Connection) -> None:
    step = make_step(build_model(config, setting.device), setting)
    sender.send(peak_bytes(lambda: step(setting.batch), setting.device))


def describe_machine(device: torch.device) -> str:
    """One line: processor, threads, versions."""
    name = torch.cuda.get_device_name() if device.type == 'cuda' else _processor()
    return (
        f'{name}, {torch.get_num_threads()} threads, torch {torch.__version__}, '
        f'Python {platform.python_version()}'
    )


def _processor() -> str:
    try:
        with open('/proc/cpuinfo') as lines:
            return next(line.split(':')[1].strip() for line in lines if 'model name' in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table(figures: list[Figures]) -> str:
    """The figures as a Markdown table."""
    rows = [
        '| model | s / step (min to max) | images/s | time / last (min to max) '
        '| MiB per further image | GMACs / image | bare products / step |',
        '|---|---|---|---|---|---|---|',
    ]
    for f in figures:
        rows.append(
            f'| {f.name} | {f.seconds.median:.3f} ({f.seconds.low:.3f} to {f.seconds.high:.3f}) '
            f'| {f.images_per_second:.2f} '
            f'| {f.ratio.median:.3f} ({f.ratio.low:.3f} to {f.ratio.high:.3f}) '
            f'| {f.megabytes_per_image:.1f} | {f.gigamacs_per_image:.1f} | {f.matrix_share:.2f} |'
        )
    return '\n'.join(rows)
