"""Whether a device computes what a CPU does: a step of each family, also under autocast."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmgreen import config_file
from mmgreen.analysis.comparability import size_of, task_of_class
from mmgreen.errors import InputError

SIDE, BATCH = 128, 2
# By family: a config, and what makes its net small. mmpretrain's MAE is not among them: it draws
# its masks on the device, where a seed gives others.
FAMILIES: Mapping[str, tuple[str, dict[str, object]]] = {
    'swin': ('demo/swin_pretrain.py', {}),
    'twins': ('greenmim/twins_svt_s_pretrain.py', {}),
    'hiera': ('demo/hiera_pretrain.py', {}),
    'hiera of clips': (
        'hiera/hiera_b_video_pretrain_own_clips.py',
        {'model.backbone.arch': 'tiny', 'model.neck.in_channels': [96, 192, 384, 768]},
    ),
    'simmim': (
        'simmim/swin_b_pretrain.py',
        {'model.backbone.arch': 'tiny', 'model.neck.in_channels': 768},
    ),
    'classifier': ('hiera/hiera_t_finetune.py', {}),
    'detector': ('demo/swin_mask_rcnn.py', {}),
}


class DeviceFigures(NamedTuple):
    """One family's step on a device beside the same on the CPU."""

    family: str
    loss_error: float
    """Of the loss in float32, relative."""
    gradient_error: float
    """The largest over the parameters of the norm of the difference over that of the CPU's."""
    bf16_loss_error: float
    """Of the loss under autocast in bfloat16 on the device, relative to the CPU's in float32."""

    @property
    def agrees(self) -> bool:
        """Whether the device computes the same, as far as its order of summing allows."""
        return self.gradient_error < 1e-3 and self.bf16_loss_error < 0.02

    def describe(self) -> str:
        """One line."""
        return (
            f'{self.family:15} loss {self.loss_error:.1e}, gradient {self.gradient_error:.1e}, '
            f'loss under bf16 {self.bf16_loss_error:.1e}'
        )


def compare_devices(device: torch.device) -> Iterator[DeviceFigures]:
    """One step of each of ``FAMILIES``: same weights, images and masks, without random depth.

    Products are in full float32 (no TF32) while this runs.

    Raises:
        InputError: if there is no such device.
    """
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        reason = str(error).partition('\n')[0]
        raise InputError(f'The device {device} cannot be used: {reason}') from error
    with _full_float32():
        for family, (name, changes) in FAMILIES.items():
            cfg = Config.fromfile(config_file(name))
            cfg.merge_from_dict(changes)
            init_default_scope(cfg.get('default_scope', 'mmpretrain'))
            yield _compare(family, _build(cfg.model), size_of(cfg) or (SIDE, SIDE), device)


@contextmanager
def _full_float32() -> Iterator[None]:
    """TF32 is off inside; a GPU's convolutions have it on by default."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32
    cudnn.allow_tf32 = matmul.allow_tf32 = False
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32 = before


def _build(model: dict) -> nn.Module:
    torch.manual_seed(0)
    built = MODELS.build(model)
    built.eval()  # no random depth
    return built


def _compare(
    family: str, model: nn.Module, size: tuple[int, ...], device: torch.device
) -> DeviceFigures:
    there = deepcopy(model).to(device)
    loss, gradients = _step(model, size, torch.device('cpu'))
    other_loss, other_gradients = _step(there, size, device)
    half_loss, _ = _step(there, size, device, torch.bfloat16)
    errors = [
        float((other_gradients[name].cpu() - gradient).norm() / gradient.norm())
        for name, gradient in gradients.items()
        if gradient.norm() > 1e-6 * max(each.norm() for each in gradients.values())
    ]
    return DeviceFigures(
        family,
        abs(other_loss - loss) / abs(loss),
        max(errors),
        abs(half_loss - loss) / abs(loss) if math.isfinite(half_loss) else math.inf,
    )


def _step(
    model: nn.Module,
    size: tuple[int, ...],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> tuple[float, dict[str, Tensor]]:
    """The loss and the gradients of one batch, the same on every device."""
    torch.manual_seed(1)  # of the images, the masks, and the proposals that a detector samples
    inputs, samples = _batch(model, size, device)
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        loss, _ = model.parse_losses(model.loss(inputs, samples))
    model.zero_grad(set_to_none=True)
    loss.backward()
    return loss.item(), {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


def _batch(model: nn.Module, size: tuple[int, ...], device: torch.device) -> tuple[Tensor, list]:
    if task_of_class(type(model)) == 'detection':
        from mmdet.testing import demo_mm_inputs

        made = demo_mm_inputs(BATCH, (3, *size), [4] * BATCH, num_classes=2, with_mask=True)
        data = model.data_preprocessor(made, training=True)
        return data['inputs'], data['data_samples']
    images = torch.randn(BATCH, 3, *size).to(device)
    return images, [DataSample().set_gt_label(number).to(device) for number in range(BATCH)]
