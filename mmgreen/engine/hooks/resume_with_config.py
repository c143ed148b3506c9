"""A resumed training that goes by the config of today."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmgreen.checkpoints.facts import facts_in
from mmgreen.engine.resuming import (
    can_be_replayed,
    changes,
    optimizer_state,
    place_now,
    replay,
    schedulers_of,
)
from mmgreen.engine.training_facts import settings_of
from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class ResumeWithConfig(Hook):
    """Takes weights and moments from the checkpoint, rates, schedules and counts from the config.

    What differs from the training that wrote the file is logged. Schedules that depend on
    validation (ReduceOnPlateau) go on as the file has them.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Before mmengine reads the content: counts and settings of today in the file's place."""
        if not runner.cfg.get('resume'):
            return  # A config that a resumed training has left has this hook, and is tested with.
        facts, meta = facts_in(checkpoint), checkpoint.get('meta') or {}
        if 'iter' not in meta:
            return  # CheckpointMustFit says what is wrong with it.
        meta['iter'] = place_now(meta, facts, runner)
        model = unwrapped_model(runner)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        if 'optimizer' in checkpoint:
            checkpoint['optimizer'] = optimizer_state(
                checkpoint['optimizer'], facts, runner.optim_wrapper, names
            )
        schedulers = schedulers_of(runner)
        if can_be_replayed(schedulers):
            checkpoint.pop('param_schedulers', None)
            self._log_changes(runner, facts)

    def before_train(self, runner: Runner) -> None:
        """Moves the schedules to the present step."""
        schedulers = schedulers_of(runner)
        if can_be_replayed(schedulers):
            by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
            epochs, length = runner.epoch if by_epoch else 0, len(runner.train_dataloader)
            replay(schedulers, runner.iter, epochs, length)
        if runner.epoch >= runner.max_epochs or runner.iter >= runner.max_iters:
            runner.logger.warning(
                f'Nothing is left to train: the checkpoint stands after epoch {runner.epoch} (step '
                f'{runner.iter}), where the training of this config ends; raise epochs to go on.'
            )

    def _log_changes(self, runner: Runner, facts: dict) -> None:
        text = changes(facts.get('settings') or {}, settings_of(runner)) if facts else ''
        if text:
            runner.logger.info(f'From here on otherwise than before: {text}.')
