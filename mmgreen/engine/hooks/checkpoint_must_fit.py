"""A checkpoint that does not fill the model, or has its classes in another order, is refused."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner, find_latest_checkpoint
from torch import nn

from mmgreen.checkpoints import own_weights
from mmgreen.checkpoints.fitting import check_filled
from mmgreen.datasets.classes import classes_in, compare_classes
from mmgreen.datasets.errors import DataError
from mmgreen.engine.trained_config import other_than_trained
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class CheckpointMustFit(Hook):
    """Refuses a checkpoint that does not fill every parameter, or stands for other outputs.

    mmengine only warns, and goes on with random weights; classes it does not look at. For tests and
    for ``--resume``; where a part is to be filled on purpose, there is ``init_cfg``. The weights
    may be wrapped as :func:`mmgreen.checkpoints.own_weights` says. A test says what its config has
    otherwise than the one with which the checkpoint was trained.

    Raises:
        InputError: names parameters that the file lacks or has in another shape, or both lists of
            classes if their order differs; or if there is nothing to resume in the file.
    """

    priority = 'VERY_HIGH'  # Other hooks look for the weights where mmengine does.

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compares names, shapes and classes, and unwraps the weights for mmengine."""
        model = whole_model(runner.model)
        weights = own_weights(checkpoint, [name for name, _ in model.named_parameters()])
        source = runner.cfg.get('load_from') or find_latest_checkpoint(runner.work_dir)
        resumed = runner.cfg.get('resume')
        check_filled(
            model,
            weights,
            source,
            'take the config that it was trained with, its classes included; to start from its '
            'encoder alone, give model.backbone.init_cfg.checkpoint.',
        )
        if resumed and not {'epoch', 'iter'} <= set(checkpoint.get('meta') or ()):
            raise DataError(
                f'{source} holds weights alone, without the epoch and the optimizer to go on from; '
                f'start a new training from them: --cfg-options load_from={source}, no --resume.'
            )
        loader = runner.train_dataloader if resumed else runner.test_dataloader
        classes = getattr(loader.dataset, 'metainfo', {}).get('classes')
        where = f'the {"training" if resumed else "test"} data have'
        warnings = [compare_classes(classes_in(checkpoint), classes, source, where)]
        if not resumed:  # what a resumed training has otherwise says ResumeWithConfig
            warnings.append(other_than_trained(checkpoint, runner.cfg, source))
        for warning in filter(None, warnings):
            runner.logger.warning(warning)
        if getattr(checkpoint.get('state_dict'), 'keys', dict)() != weights.keys():
            checkpoint['state_dict'] = weights


def whole_model(model: nn.Module) -> nn.Module:
    """The model itself, inside of what distributes it or augments its tests."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
