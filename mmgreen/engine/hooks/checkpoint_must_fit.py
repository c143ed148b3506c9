"""A checkpoint that does not fill the model is refused."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, find_latest_checkpoint

from mmgreen.checkpoints.fitting import check_filled
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class CheckpointMustFit(Hook):
    """Refuses a checkpoint that does not fill every parameter of the model.

    mmengine only warns, and goes on with random weights. For tests and for ``--resume``; where a
    part is to be filled on purpose, there is ``init_cfg``.

    Raises:
        ValueError: names parameters that the file lacks or has in another shape.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compares names and shapes."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        stored = checkpoint.get('state_dict', checkpoint)
        stored = {name.removeprefix('module.'): value for name, value in stored.items()}
        source = runner.cfg.get('load_from') or find_latest_checkpoint(runner.work_dir)
        check_filled(
            model,
            stored,
            source,
            'take the config that it was trained with, its classes included; to start from its '
            'encoder alone, give model.backbone.init_cfg.checkpoint.',
        )
