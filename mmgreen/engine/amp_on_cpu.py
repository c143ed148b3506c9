"""Training in bfloat16 on a CPU, which mmengine's AmpOptimWrapper refuses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import Optimizer

from mmgreen.errors import InputError
from mmgreen.registry import OPTIM_WRAPPERS

INSTRUCTIONS = {'avx512_bf16', 'amx_bf16', 'bf16'}  # as Linux calls them, the last one on Arm


@OPTIM_WRAPPERS.register_module()
class AmpOnCpuOptimWrapper(OptimWrapper):
    """An OptimWrapper whose steps compute in bfloat16 where autocast does.

    Weights and gradients stay in float32. bfloat16 has the range of float32: no loss is scaled.

    Args:
        optimizer: what it wraps.
        dtype: 'bfloat16'; it is here so that the option that is meant for a GPU fits.
        accumulative_counts: how many batches a step of the optimizer takes.
        clip_grad: mmengine's options of gradient clipping.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        dtype: str = 'bfloat16',
        accumulative_counts: int = 1,
        clip_grad: dict | None = None,
    ):
        if dtype != 'bfloat16':
            raise InputError(
                f'A CPU trains in 16 bits as bfloat16 only, not as {dtype}; leave '
                'optim_wrapper.dtype out, or use a GPU.'
            )
        super().__init__(optimizer, accumulative_counts, clip_grad)
        if not computes_in_bfloat16():
            print_log(
                'This processor has no instructions for bfloat16: --amp will be many times slower '
                'than float32 (a small Swin: 13 times); leave it out.',
                logger='current',
                level=logging.WARNING,
            )

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """What a forward pass runs in."""
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield


def computes_in_bfloat16() -> bool:
    """Whether the processor has instructions for it; without, it is many times slower."""
    return bool(processor_flags() & INSTRUCTIONS)


def processor_flags(file: str = '/proc/cpuinfo') -> set[str]:
    """What the processor can, in Linux's words; nothing where there is no such file."""
    path = Path(file)
    lines = path.read_text().splitlines() if path.exists() else []
    told = (line.split(':', 1)[1] for line in lines if line.startswith(('flags', 'Features')))
    return set(next(told, '').split())
