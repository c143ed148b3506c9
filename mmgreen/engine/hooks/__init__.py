"""What happens around the steps of a training, one file a hook."""

from mmgreen.engine.hooks.check_normalisation import CheckNormalisation
from mmgreen.engine.hooks.checkpoint_must_fit import CheckpointMustFit
from mmgreen.engine.hooks.classes_must_fit import ClassesMustFit
from mmgreen.engine.hooks.draw_curves import DrawCurves
from mmgreen.engine.hooks.draw_detections import DrawDetections
from mmgreen.engine.hooks.draw_reconstructions import DrawReconstructions
from mmgreen.engine.hooks.early_verdict import EarlyVerdict
from mmgreen.engine.hooks.main_process_logger import MainProcessLoggerHook
from mmgreen.engine.hooks.plan_in_workers import PlanInWorkers
from mmgreen.engine.hooks.resume_with_config import ResumeWithConfig
from mmgreen.engine.hooks.run_summary import RunSummary
from mmgreen.engine.hooks.safe_checkpoint import SafeCheckpointHook
from mmgreen.engine.hooks.seed_each_step import SeedEachStep
from mmgreen.engine.hooks.start_must_fit import StartMustFit
from mmgreen.engine.hooks.stop_on_non_finite_loss import StopOnNonFiniteLoss
from mmgreen.engine.hooks.stop_on_signal import StopOnSignal
from mmgreen.engine.hooks.store_facts import StoreFacts
from mmgreen.engine.hooks.timed_logger import TimedLoggerHook

__all__ = [
    'CheckNormalisation',
    'CheckpointMustFit',
    'ClassesMustFit',
    'DrawCurves',
    'DrawDetections',
    'DrawReconstructions',
    'EarlyVerdict',
    'MainProcessLoggerHook',
    'PlanInWorkers',
    'ResumeWithConfig',
    'RunSummary',
    'SafeCheckpointHook',
    'SeedEachStep',
    'StartMustFit',
    'StopOnNonFiniteLoss',
    'StopOnSignal',
    'StoreFacts',
    'TimedLoggerHook',
]
