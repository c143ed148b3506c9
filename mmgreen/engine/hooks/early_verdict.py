"""Whether a pretraining learns more than tints, said while there is time to change it."""

from __future__ import annotations

import math

import torch
from mmengine.hooks import Hook, LoggerHook
from mmengine.runner import Runner

from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.registry import HOOKS

SHARE = 'train/vs_patch_mean'


@HOOKS.register_module()
class EarlyVerdict(Hook):
    """Logs beside the loss what share of the errors of ignorance is left, and warns once.

    Whenever a training is logged, its batch is encoded once more, with the weights as they are;
    ``vs_patch_mean`` and ``vs_mean`` are the shares of
    :class:`mmgreen.models.hidden_errors.HiddenErrors`. If after a tenth of all steps the model
    knows no more than tints, that is said. Models without ``errors_per_image`` are left alone.

    Args:
        after: the part of all steps after which it looks, in (0, 1].
        min_steps: it looks after so many at the earliest; before, no model knows more. A training
            that is shorter is not judged.
    """

    priority = 'NORMAL'  # before what logs

    def __init__(self, after: float = 0.1, min_steps: int = 100) -> None:
        self.after = after
        self.min_steps = min_steps

    def before_train(self, runner: Runner) -> None:
        """Finds out when a training is logged, and when to look."""
        loggers = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        self._interval = loggers[0] if loggers else 50
        after = math.ceil(self.after * runner.max_iters)
        self._step_of_the_verdict = max(after, self.min_steps)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Measures and looks, when it is time."""
        model = unwrapped_model(runner)
        if not hasattr(model, 'errors_per_image'):
            return
        is_time = runner.iter + 1 == self._step_of_the_verdict
        ends = self.end_of_epoch(runner.train_dataloader, batch_idx)
        if not (is_time or ends or self.every_n_inner_iters(batch_idx, self._interval)):
            return
        with torch.no_grad(), runner.optim_wrapper.optim_context(runner.model):
            data = model.data_preprocessor(data_batch, True)
            shares = model.errors_per_image(data['inputs'], data['data_samples']).shares()
        for name, share in shares.items():
            runner.message_hub.update_scalar(f'train/{name}', share.item())
        if is_time:
            self._say(runner)

    def _say(self, runner: Runner) -> None:
        share = runner.message_hub.get_scalar(SHARE).mean(5)
        if share >= 1:
            runner.logger.warning(
                f'After {runner.iter + 1} of {runner.max_iters} steps hidden patches are predicted '
                f'no better than by the tint of each (vs_patch_mean {share:.2f}; learning is below '
                '1). Train longer, at another rate, or on crops in which objects are larger; '
                'docs/reading_reconstructions.md says more.'
            )
