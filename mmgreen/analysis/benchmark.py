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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from math import prod
from multiprocessing.connection import Connection
from typing import NamedTuple

import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen.analysis.comparability import check_sizes, size_of, task_of, task_of_class
from mmgreen.analysis.flops import count_macs
from mmgreen.analysis.measuring import memory_per_image, peak_bytes, time_matrix_products, time_once
from mmgreen.errors import InputError
from mmgreen.models import MaskedAutoencoder
from mmgreen.ops.masking import draw_masked


class Spread(NamedTuple):
    """Several measurements of one thing."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Median, minimum and maximum."""
        return cls(statistics.median(values), min(values), max(values))


class Setting(NamedTuple):
    """What is measured, the same for every model."""

    mode: str
    """'train': loss and backward; 'forward': without gradient, of a detector down to boxes."""
    batch: int
    size: tuple[int, int]
    device: torch.device
    dtype: torch.dtype
    """float32, or what autocast computes in."""
    mask_ratio: float | None = None
    """Of pretraining models; None leaves each its own."""
    compiled: str | None = None
    """How pretraining models are compiled, a key of ``COMPILING``; None: not."""

    def autocast(self) -> AbstractContextManager:
        """The context of the forward pass."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)


COMPILING: Mapping[str, dict[str, object]] = {
    'dynamic': dict(dynamic=True),
    'graphs': dict(dynamic=False, mode='reduce-overhead'),
}
"""Arguments of ``torch.compile``: 'dynamic' for shapes that differ from mask to mask (GreenMIM's),
'graphs' for those that do not (Hiera's), with CUDA graphs."""


class Figures(NamedTuple):
    """What was measured of one model in one setting."""

    name: str
    setting: Setting
    seconds: Spread
    """Of one step."""
    images_per_second: float
    ratio: Spread
    """Time over that of the last model, turn by turn."""
    megabytes_per_image: float | None
    gigamacs_per_image: float | None
    matrix_share: float | None
    """Time of the bare matrix products over the time of the step.

    These three take more memory to measure than the step; None where there was too little."""


class Failure(NamedTuple):
    """A model that could not be measured in one setting."""

    name: str
    setting: Setting
    reason: str


def readable(names: Sequence[str]) -> list[Config]:
    """Those of the configs that can be read; :func:`compare` reports the others.

    Raises:
        ValueError: if none can.
    """
    configs, errors = [], []
    for name in names:
        try:
            configs.append(Config.fromfile(name))
        except Exception as error:  # a config is code, and may raise anything
            errors.append(f'{name} ({type(error).__name__}: {error})')
    if not configs:
        raise InputError(f'No config can be read: {"; ".join(errors)}.')
    return configs


def common_size(configs: Sequence[Config]) -> tuple[int, int]:
    """Height and width of the images that all the configs work on; 224 px if none says.

    Raises:
        ValueError: if they differ.
    """
    check_sizes(configs, 'give --size to measure all at one')
    return next((size for config in configs if (size := size_of(config))), (224, 224))


def build_model(config: str, setting: Setting) -> nn.Module:
    """The model of a config, in training mode, made for the setting's size and mask ratio.

    In its place may stand a backbone, or another library's net: ``type='package.name'``, with what
    its ``forward`` is to be given in ``forward``. A detector keeps all the objects that it may
    find, for random weights are sure of none.

    Raises:
        ValueError: if the setting has a mask ratio and the model none.
    """
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    if setting.mask_ratio is not None:
        _set_mask_ratio(cfg.model, setting.mask_ratio, config)
    given_to_forward = cfg.model.pop('forward', {})
    if task_of(cfg) == 'pretraining':
        _fit_to_size(cfg.model, setting.size)
    if 'score_thr' in cfg.model.get('test_cfg', {}).get('rcnn', {}):
        cfg.model.test_cfg.rcnn.score_thr = 0.0
    model = MODELS.build(cfg.model).to(setting.device)
    model.train()  # not chained: train() of the hosts' Swin returns None
    if given_to_forward:
        model.forward = partial(model.forward, **given_to_forward)
    if setting.compiled:
        _compile(model, COMPILING[setting.compiled])
    return model


def _set_mask_ratio(model: ConfigDict, ratio: float, config: str) -> None:
    for settings in (model, model.get('forward', {})):
        if 'mask_ratio' in settings:
            settings.mask_ratio = ratio
            return
    raise InputError(f'{config} has no model.mask_ratio, so none can be set.')


def _compile(model: nn.Module, how: Mapping[str, object]) -> None:
    """The encoder behind its plan, and the decoder; the whole of another library's net."""
    if isinstance(model, MaskedAutoencoder):
        model.backbone.encode_visible = torch.compile(model.backbone.encode_visible, **how)
        model.neck.forward = torch.compile(model.neck.forward, **how)
    elif isinstance(model, BaseModel):
        model.backbone.forward = torch.compile(model.backbone.forward, **how)
    else:
        model.forward = torch.compile(model.forward, **how)


def _fit_to_size(model: ConfigDict, size: tuple[int, int]) -> None:
    """Sizes the tables of positions."""
    for part in (model.backbone, model.neck):
        if 'img_size' in part:
            part.img_size = size
    if 'num_patches' in model.neck:
        patch = model.neck.patch_size
        model.neck.num_patches = (size[0] // patch) * (size[1] // patch)


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
    return task_of_class(type(model)) == 'detection'


def _inputs(model: nn.Module, batch: int, setting: Setting) -> tuple[Tensor, list]:
    """Images, and what the model wants beside them: a detector eight objects in each."""
    if _is_detector(model):
        from mmdet.testing import demo_mm_inputs

        made = demo_mm_inputs(batch, (3, *setting.size), [8] * batch, num_classes=2, with_mask=True)
        data = model.data_preprocessor(made, training=True)
        return data['inputs'], data['data_samples']
    images = torch.randn(batch, 3, *setting.size, device=setting.device)
    return images, [DataSample() for _ in range(batch)]


@dataclass
class _Contestant:
    """A model in one setting, and how long its steps took."""

    name: str
    model: nn.Module
    step: Callable[[int], None]
    times: list[float] = field(default_factory=list)

    def figures(self, setting: Setting, peer_times: list[float]) -> Figures:
        spread = Spread.of(self.times)
        step, device = self.step, setting.device
        memory = _unless_too_large(partial(memory_per_image, self.model, step, device))
        macs = _unless_too_large(partial(count_macs, partial(step, 1)))
        bare = _unless_too_large(partial(time_matrix_products, step, setting.batch, device))
        return Figures(
            name=self.name,
            setting=setting,
            seconds=spread,
            images_per_second=setting.batch / spread.median,
            ratio=Spread.of([a / b for a, b in zip(self.times, peer_times, strict=True)]),
            megabytes_per_image=memory and memory / 2**20,
            gigamacs_per_image=macs and macs / 1e9,
            matrix_share=bare and bare / spread.median,
        )


def _unless_too_large(measure: Callable[[], float]) -> float | None:
    """What is measured, or None where memory does not suffice: attention is not fused here."""
    try:
        return measure()
    except (MemoryError, torch.cuda.OutOfMemoryError):
        return None
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # of torch on a CPU
            return None
        raise


def compare(configs: Sequence[str], setting: Setting, turns: int) -> list[Figures | Failure]:
    """Figures of the models of several configs, measured in turns.

    A model that cannot be built, or fails in a step, is reported, and the others go on.

    Args:
        configs: the last that works is the peer that ratios refer to.
        setting: what is measured.
        turns: measured turns, after one to warm up.
    """
    failures: dict[str, Failure] = {}
    contestants = []
    for name in configs:
        with _reported(name, setting, failures):
            model = build_model(name, setting)
            contestants.append(_Contestant(name, model, make_step(model, setting)))
    for turn in range(turns + 1):
        for each in contestants:
            if each.name in failures:
                continue
            with _reported(each.name, setting, failures):
                work = partial(each.step, setting.batch)
                seconds = time_once(work, setting.device)
                if turn:
                    each.times.append(seconds)
    figures: dict[str, Figures] = {}
    working = [each for each in contestants if each.name not in failures]
    for each in working:
        with _reported(each.name, setting, failures):
            figures[each.name] = each.figures(setting, working[-1].times)
    return [failures.get(name) or figures[name] for name in configs]


@contextmanager
def _reported(name: str, setting: Setting, failures: dict[str, Failure]) -> Iterator[None]:
    """Notes whatever goes wrong inside: one config must not end the comparison of the others."""
    try:
        yield
    except Exception as error:
        first_line = str(error).strip().partition('\n')[0]
        failures[name] = Failure(name, setting, f'{type(error).__name__}: {first_line}')


def time_planning(config: str, setting: Setting, turns: int) -> Spread:
    """Milliseconds to plan the groups of one step, all stages and shifts, on one core."""
    model = build_model(config, setting)
    backbone = model.backbone
    grid = backbone.unit_grid(torch.empty(1, 3, *setting.size, device='meta'))
    num_images = None if model.shared_mask else setting.batch
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(turns + 3):
        masked = draw_masked(prod(grid), model.mask_ratio, num_images)
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
    step = make_step(build_model(config, setting), setting)
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
