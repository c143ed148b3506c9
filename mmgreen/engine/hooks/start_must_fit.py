"""A checkpoint in ``load_from`` of which a model takes next to nothing is refused."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.checkpoints.loading import LEAST_SHARE
from mmgreen.checkpoints.whole_model import filled_share, translated_weights
from mmgreen.datasets.errors import DataError
from mmgreen.engine.hooks.checkpoint_must_fit import whole_model
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class StartMustFit(Hook):
    """Starts a training from ``load_from`` in any format that we know, or refuses it.

    mmengine takes what has the model's own names, and goes on with random weights where nothing
    has. Up to a tenth of the parameters may be missing, as where a head has another number of
    classes.

    Attributes:
        share: of the model's parameters (elements) that the file filled, 0 to 1; None before.

    Raises:
        DataError: if the file fills less than 90 % of the model's parameters.
    """

    priority = 'VERY_HIGH'  # Other hooks look for the weights where mmengine does.

    def __init__(self) -> None:
        self.share: float | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Puts the weights that the model can take where mmengine looks for them."""
        model = whole_model(runner.model)
        source = str(runner.cfg.get('load_from'))
        weights = translated_weights(model, checkpoint, source)
        self.share = filled_share(model, weights)
        if self.share < LEAST_SHARE:
            name = next(
                each
                for each, value in model.named_parameters()
                if getattr(weights.get(each), 'shape', None) != value.shape
            )
            raise DataError(
                f'{source} fills only {100 * self.share:.0f} % of the parameters of this '
                f'{type(model).__name__} (load_from); {name} is the first that is missing or has '
                'another shape. Give the checkpoint of this whole model, or start its encoder '
                'alone: model.backbone.init_cfg.checkpoint instead of load_from.'
            )
        checkpoint['state_dict'] = weights
