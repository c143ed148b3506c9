"""Speed and memory of models side by side.

Machines drift, so models take turns: one step of each, again and again; what is compared is the
ratio within a turn. Three figures say how near to the limit a model is: multiply-adds, memory that
each further image adds, and the time of its matrix products alone as a share of its step.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS, TRANSFORMS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from mmgreen.ops.masking import draw_masked, unit_grid

MATRIX_PRODUCTS = {
    torch.ops.aten.mm.default,
    torch.ops.aten.addmm.default,
    torch.ops.aten.bmm.default,
    torch.ops.aten.baddbmm.default,
    torch.ops.aten.convolution.default,
    torch.ops.aten.convolution_backward.default,
}


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
    """'train': loss, forward and backward; 'forward': the forward pass without gradient."""
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
    """The model of a config, or the backbone that stands in its place, in training mode."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    model = MODELS.build(cfg.model).to(device)
    model.train()  # not chained: train() of the hosts' Swin returns None
    return model


def make_step(model: nn.Module, setting: Setting) -> Callable[[int], None]:
    """A function that runs one step on a batch of the given size."""

    def step(batch: int) -> None:
        images = torch.randn(batch, 3, *setting.size, device=setting.device)
        if setting.mode == 'forward':
            model.eval()
            with torch.no_grad(), setting.autocast():
                model(images)
            return
        with setting.autocast():
            loss = sum(model.loss(images, _data_samples(model, batch, setting.size)).values())
        loss.backward()
        model.zero_grad(set_to_none=True)

    return step


def _data_samples(model: nn.Module, batch: int, size: tuple[int, int]) -> list[DataSample]:
    """SimMIM reads its masks from the data samples; our models draw their own."""
    samples = [DataSample() for _ in range(batch)]
    if type(model).__name__ == 'SimMIM':
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
    return samples


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
                megabytes_per_image=memory_per_image(model, step, setting) / 2**20,
                gigamacs_per_image=count_macs(step) / 1e9,
                matrix_share=time_matrix_products(step, setting) / spread.median,
            )
        )
    return figures


def time_once(work: Callable[[], None], device: torch.device) -> float:
    """Seconds that ``work`` takes, the device's share included."""
    if device.type == 'cuda':
        torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    if device.type == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def memory_per_image(model: nn.Module, step: Callable[[int], None], setting: Setting) -> float:
    """Bytes that one further image adds: the slope between batches of 1 and 3.

    On a GPU of the peak allocation; on a CPU of the distinct tensors saved for the backward pass
    (none in forward mode).
    """
    measure = _peak_bytes if setting.device.type == 'cuda' else _saved_bytes
    return (measure(model, step, 3) - measure(model, step, 1)) / 2


def _peak_bytes(model: nn.Module, step: Callable[[int], None], batch: int) -> int:
    torch.cuda.reset_peak_memory_stats()
    step(batch)
    return torch.cuda.max_memory_allocated()


def _saved_bytes(model: nn.Module, step: Callable[[int], None], batch: int) -> int:
    weights = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    sizes: dict[int, int] = {}
    alive = []  # a freed tensor's address may be given to the next

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step(batch)
    return sum(sizes.values())


def count_macs(step: Callable[[int], None]) -> float:
    """Multiply-adds of a step on one image: forward, in training backward, attention counted."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        step(1)
    return counter.get_total_flops() / 2


class _RecordProducts(TorchDispatchMode):
    """Counts matrix products and convolutions by their arguments' shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in MATRIX_PRODUCTS:
            self.seen[func, tuple(_describe(arg) for arg in args)] += 1
        return func(*args, **(kwargs or {}))


class _Shape(NamedTuple):
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype


def _describe(arg: object) -> object:
    if isinstance(arg, Tensor):
        return _Shape(tuple(arg.shape), arg.stride(), arg.dtype)
    return tuple(arg) if isinstance(arg, list) else arg


def _remake(description: object, device: torch.device) -> object:
    if isinstance(description, _Shape):
        size, stride, dtype = description
        # Strides may be 0 and overlap, so the memory is made first; what is in it does not matter.
        reach = 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        memory = torch.full((reach,), 0.5, dtype=dtype, device=device)
        return memory.as_strided(size, stride)
    return list(description) if isinstance(description, tuple) else description


def time_matrix_products(step: Callable[[int], None], setting: Setting) -> float:
    """Seconds of the step's matrix products and convolutions alone: the lesser of two passes."""
    with sdpa_kernel(SDPBackend.MATH), _RecordProducts() as record:
        step(setting.batch)
    total = 0.0
    with torch.no_grad():
        for (func, described), count in record.seen.items():
            args = [_remake(description, setting.device) for description in described]
            passes = [
                time_once(lambda: func(*args), setting.device)  # noqa: B023
                for _ in range(2)
            ]
            total += count * min(passes)
    return total


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
