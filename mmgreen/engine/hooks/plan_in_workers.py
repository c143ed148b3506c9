"""Masks and group plans made by the data loader's workers, so that no training step waits for them.

With one mask for the whole batch a plan takes 2 ms. With one for each image it grows with the
batch, and the loader's workers, which read the next batch meanwhile, are the place for it.

Letters in shapes: B images, U units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmgreen.engine.unwrapping import unwrapped_model
from mmgreen.models.planned_batch import PlannedBatch
from mmgreen.nets.contract import VisibleEncoder
from mmgreen.ops.masking import draw_masked
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class PlanInWorkers(Hook):
    """Moves drawing masks and planning groups to the data loader's workers.

    It does so where each image has a mask of its own (``shared_mask=False``) and the backbone says
    that planning then takes long (``plan_grows_with_batch``). Masks are drawn as augmentations are,
    from (seed, epoch, index), and so are the same after a resume.
    """

    def before_train(self, runner: Runner) -> None:
        """Adds both to the training loader, whose workers have not started yet."""
        model = unwrapped_model(runner)
        if getattr(model, 'shared_mask', True) or not model.backbone.plan_grows_with_batch:
            return
        loader = runner.train_dataloader
        if not hasattr(loader.dataset, 'pipeline'):
            runner.logger.warning(
                f'A {type(loader.dataset).__name__} has no pipeline to draw masks in, so they are '
                'drawn and their groups planned in the training step, which waits for it.'
            )
            return
        net = model.backbone.without_weights()
        draw = partial(draw_for_image, mask_ratio=model.mask_ratio, net=net)
        loader.dataset.pipeline.transforms.append(draw)
        loader.collate_fn = partial(collate_planned, collate=loader.collate_fn, net=net)


def draw_for_image(packed: dict, mask_ratio: float, net: VisibleEncoder) -> dict:
    """The last step of a pipeline: puts ``masked``, (U,), into the data sample."""
    units = prod(net.unit_grid(packed['inputs'][None]))
    packed['data_samples'].set_field(draw_masked(units, mask_ratio), 'masked')
    return packed


def collate_planned(
    items: Sequence[dict], collate: Callable[[Sequence[dict]], dict], net: VisibleEncoder
) -> dict:
    """What ``collate`` makes of the images, their data samples a :class:`PlannedBatch`."""
    batch = collate(items)
    samples = batch['data_samples']
    masked = torch.stack([sample.pop('masked') for sample in samples])
    plan = net.plan_visible(masked, net.unit_grid(batch['inputs']))
    return {**batch, 'data_samples': PlannedBatch(samples, masked, plan)}
