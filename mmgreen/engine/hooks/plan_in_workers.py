"""Masks and group plans made by the data loader's workers, so that no training step waits for them.

With one mask for the whole batch a plan takes 2 ms. With one for each image it grows with the
batch, and the loader's workers, which read the next batch meanwhile, are the place for it.

Letters in shapes: B images, U units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor

from mmgreen.models.planned_masks import PlannedMasks
from mmgreen.nets.swin import SwinEncoder, VisiblePlan, plan_visible
from mmgreen.ops.masking import draw_masked, unit_grid
from mmgreen.registry import HOOKS


@HOOKS.register_module()
class PlanInWorkers(Hook):
    """Moves drawing masks and planning groups to the data loader's workers.

    It does so where each image has a mask of its own (``shared_mask=False``) and the backbone is
    ``GreenSwin``; other models have nothing to plan, or little. Masks are then drawn as
    augmentations are, from (seed, epoch, index), and so are the same after a resume.
    """

    def before_train(self, runner: Runner) -> None:
        """Adds both to the training loader, whose workers have not started yet."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if getattr(model, 'shared_mask', True) or not isinstance(model.backbone, SwinEncoder):
            return
        loader = runner.train_dataloader
        if not hasattr(loader.dataset, 'pipeline'):
            runner.logger.warning(
                f'A {type(loader.dataset).__name__} has no pipeline to draw masks in, so they are '
                'drawn and their groups planned in the training step, which waits for it.'
            )
            return
        size = model.backbone.unit_size
        draw = partial(draw_for_image, mask_ratio=model.mask_ratio, unit_size=size)
        loader.dataset.pipeline.transforms.append(draw)
        plan = partial(plan_visible, window_size=model.backbone.window_size)
        loader.collate_fn = partial(
            collate_planned, collate=loader.collate_fn, plan=plan, unit_size=size
        )


def draw_for_image(packed: dict, mask_ratio: float, unit_size: int) -> dict:
    """The last step of a pipeline: puts ``masked``, (U,), into the data sample."""
    rows, columns = unit_grid(*packed['inputs'].shape[-2:], unit_size)
    packed['data_samples'].set_field(draw_masked(rows * columns, mask_ratio), 'masked')
    return packed


def collate_planned(
    items: Sequence[dict],
    collate: Callable[[Sequence[dict]], dict],
    plan: Callable[[Tensor, tuple[int, int]], VisiblePlan],
    unit_size: int,
) -> dict:
    """What ``collate`` makes of the images, with :class:`PlannedMasks` in the first data sample."""
    batch = collate(items)
    samples = batch['data_samples']
    masked = torch.stack([sample.pop('masked') for sample in samples])
    grid = unit_grid(*batch['inputs'].shape[-2:], unit_size)
    samples[0].set_field(PlannedMasks(masked, plan(masked, grid)), 'planned')
    return batch
