"""Checkpoints that say, as plain values, what a training was."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.checkpoints.facts import KEY
from mmgreen.engine.training_facts import training_facts
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class StoreFacts(Hook):
    """Puts :func:`~mmgreen.engine.training_facts.training_facts` into every checkpoint."""

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Adds them to ``meta``."""
        checkpoint['meta'][KEY] = training_facts(runner)
