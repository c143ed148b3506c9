"""What surrounds the steps of a training: hooks, rates of layers, metrics, the opening of a log."""

from mmgreen.engine import hooks
from mmgreen.engine.bfloat16_on_cpu import Bfloat16OnCpuOptimWrapper
from mmgreen.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmgreen.engine.metrics import ReconstructionLoss

__all__ = [
    'Bfloat16OnCpuOptimWrapper',
    'LayerDecayOptimWrapperConstructor',
    'ReconstructionLoss',
    'hooks',
]
