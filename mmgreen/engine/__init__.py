"""What surrounds the steps of a training: hooks, rates of layers, metrics, the opening of a log."""

from mmgreen.engine import hooks
from mmgreen.engine.amp_on_cpu import AmpOnCpuOptimWrapper
from mmgreen.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmgreen.engine.loops import ResumableEpochLoop, SampleTestLoop, SampleValLoop
from mmgreen.engine.metrics import ReconstructionLoss

__all__ = [
    'AmpOnCpuOptimWrapper',
    'LayerDecayOptimWrapperConstructor',
    'ReconstructionLoss',
    'ResumableEpochLoop',
    'SampleTestLoop',
    'SampleValLoop',
    'hooks',
]
