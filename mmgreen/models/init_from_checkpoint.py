"""How a model starts: from random weights or from a checkpoint."""

from __future__ import annotations

from mmengine.model import BaseModule

from mmgreen.checkpoints import load_pretrained, warn_random_start


class StartsFromCheckpoint(BaseModule):
    """Reads ``init_cfg=dict(type='Pretrained', checkpoint=PATH)`` in any format that we know.

    The type must be the literal 'Pretrained', or mmengine would initialise the children afterwards.
    Further keys are options of :func:`mmgreen.checkpoints.load_pretrained`; ``map_location``, which
    mmengine's own loading has, is accepted and not needed.
    """

    checkpoint_part: str
    """What of a checkpoint is wanted: 'backbone' or 'model'."""

    def init_weights(self) -> None:
        """Loads the checkpoint; without one keeps the random weights of construction.

        Raises:
            FileNotFoundError, ValueError: if the file is missing, unreadable, or holds another
                model; see :func:`mmgreen.checkpoints.load_pretrained`.
        """
        if not isinstance(self.init_cfg, dict) or self.init_cfg['type'] != 'Pretrained':
            super().init_weights()
            return
        unneeded = ('type', 'map_location')
        options = {key: value for key, value in self.init_cfg.items() if key not in unneeded}
        path = options.pop('checkpoint', None)
        if path is not None:
            load_pretrained(self, path, part=self.checkpoint_part, **options)
            return
        warn_random_start(self.checkpoint_part)
        for child in self.children():
            if isinstance(child, BaseModule):
                child.init_weights()
