"""A classifier without one output for each class of the data is refused."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset

from mmgreen.datasets.classes import check_num_outputs
from mmgreen.engine.hooks.checkpoint_must_fit import whole_model
from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.errors import InputError
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class ClassesMustFit(Hook):
    """Refuses a classifier that has not one output for each class that the data have.

    mmpretrain's ClassNumCheckHook takes the ``num_classes`` of a loss for that of a head.

    Raises:
        ValueError: names both numbers, or both lists if validation has other classes than training.
    """

    def before_train(self, runner: Runner) -> None:
        """Looks at training and validation data."""
        data = runner.train_dataloader.dataset
        self._check(runner, data)
        if runner.val_loop is None:
            return
        other = runner.val_dataloader.dataset
        if other.CLASSES != data.CLASSES:
            raise InputError(
                f'Validation has the classes {other.CLASSES}, training {data.CLASSES}; give both '
                "datasets metainfo=dict(classes=(...)), training's."
            )

    def before_test(self, runner: Runner) -> None:
        """Looks at test data."""
        self._check(runner, runner.test_dataloader.dataset)

    def _check(self, runner: Runner, dataset: Dataset) -> None:
        if dataset.CLASSES is None:  # a dataset of mmpretrain that was given none
            return
        model = whole_model(unwrapped_model(runner))
        check_num_outputs(model.head.num_classes, dataset.CLASSES)
