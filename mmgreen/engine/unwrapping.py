"""The model itself, where several processes train it in a wrapper."""

from __future__ import annotations

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def unwrapped_model(runner: Runner) -> nn.Module:
    """The model of a runner, without the wrapper that brings gradients of processes together."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
