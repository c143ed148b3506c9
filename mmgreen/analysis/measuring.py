"""Time, memory and the limit of speed, measured of a step of any model.

A step is a function of the number of images in its batch.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

MATRIX_PRODUCTS = {
    torch.ops.aten.mm.default,
    torch.ops.aten.addmm.default,
    torch.ops.aten.bmm.default,
    torch.ops.aten.baddbmm.default,
    torch.ops.aten.convolution.default,
    torch.ops.aten.convolution_backward.default,
}


def time_once(work: Callable[[], None], device: torch.device) -> float:
    """Seconds that ``work`` takes, the device's share included."""
    if device.type == 'cuda':
        torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    if device.type == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def memory_per_image(model: nn.Module, step: Callable[[int], None], device: torch.device) -> float:
    """Bytes that one further image adds: the slope between batches of 1 and 2.

    On a GPU of the peak allocation; on a CPU of the distinct tensors saved for the backward pass
    (none in forward mode).
    """
    if device.type == 'cuda':
        return peak_bytes(lambda: step(2), device) - peak_bytes(lambda: step(1), device)
    return saved_bytes(model, step, 2) - saved_bytes(model, step, 1)


def peak_bytes(work: Callable[[], None], device: torch.device) -> int:
    """Bytes that ``work`` needs at its peak, beside what is there before it.

    On a GPU by torch's allocator; on a CPU by the resident size of the process (Linux only), which
    misses what fits into memory that the process has kept.
    """
    if device.type == 'cuda':
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() - before
    Path('/proc/self/clear_refs').write_text('5')  # sets the peak back to the present size
    before = _resident_peak()
    work()
    return _resident_peak() - before


def _resident_peak() -> int:
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith('VmHWM')).split()[1])


def saved_bytes(model: nn.Module, step: Callable[[int], None], batch: int) -> int:
    """Bytes of the distinct tensors that a step keeps for its backward pass, without weights."""
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


def time_matrix_products(step: Callable[[int], None], batch: int, device: torch.device) -> float:
    """Seconds of the step's matrix products and convolutions alone: the lesser of two passes."""
    with sdpa_kernel(SDPBackend.MATH), _RecordProducts() as record:
        step(batch)
    total = 0.0
    with torch.no_grad():
        for (func, described), count in record.seen.items():
            args = [_remake(description, device) for description in described]
            passes = [
                time_once(lambda: func(*args), device)  # noqa: B023
                for _ in range(2)
            ]
            total += count * min(passes)
    return total
