"""What surrounds the steps of a training: hooks, rates of layers, metrics, the opening of a log."""

from mmgreen.engine import hooks
from mmgreen.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmgreen.engine.loops import ResumableEpochLoop
from mmgreen.engine.metrics import ReconstructionLoss

__all__ = [
    'LayerDecayOptimWrapperConstructor',
    'ReconstructionLoss',
    'ResumableEpochLoop',
    'hooks',
]
