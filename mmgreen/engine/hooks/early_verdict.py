"""Whether a pretraining learns more than tints, said while there is time to change it."""

from __future__ import annotations

import math

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.registry import HOOKS

SHARE = 'train/vs_patch_mean'


@HOOKS.register_module()
class EarlyVerdict(Hook):
    """Warns once, if after a tenth of its steps a pretraining knows no more than tints.

    It reads ``vs_patch_mean``, which :class:`mmgreen.MaskedAutoencoder` logs: the error on hidden
    patches as a share of that of predicting each patch's mean.

    Args:
        after: the part of all steps after which it looks, in (0, 1].
        window: the mean over so many last steps counts, or over half of them while they are fewer.
    """

    priority = 'LOW'

    def __init__(self, after: float = 0.1, window: int = 50) -> None:
        self.after = after
        self.window = window

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Looks, when it is time."""
        step = runner.iter + 1
        scalars = runner.message_hub.log_scalars
        if step != math.ceil(self.after * runner.max_iters) or SHARE not in scalars:
            return
        share = scalars[SHARE].mean(min(self.window, max(step // 2, 1)))
        if share >= 1:
            runner.logger.warning(
                f'After {step} of {runner.max_iters} steps hidden patches are predicted no better '
                f'than by the tint of each (vs_patch_mean {share:.2f}; learning is below 1). Train '
                'longer, at a higher rate, or on crops in which objects are larger; '
                'docs/reading_reconstructions.md says more.'
            )
