"""Multiply-adds of a model, as published tables count them ("FLOPs").

Matrix products and convolutions count, attention's two products included. Norms, activations,
softmax, sampling (RoIAlign, deformable attention) and non-maximum suppression do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmgreen.analysis.comparability import task_of

NUM_PROPOSALS, NUM_DETECTIONS = 1000, 100


class Part(NamedTuple):
    """A part of a model.

    Attributes:
        name: as in the config, or in words.
        macs: multiply-adds of the part for one image.
        num_parameters: of the part.
    """

    name: str
    macs: float
    num_parameters: int


def count_macs(work: Callable[[], object]) -> float:
    """Multiply-adds of what ``work`` does, backward passes included, attention counted."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 2


def count_parts(config: Config, size: tuple[int, int] | None = None) -> list[Part]:
    """Multiply-adds and parameters of the model of a config for one image, part by part.

    A detector with two stages has 1,000 proposals and 100 detections, whatever its random weights
    would find. A pretraining model is counted forward, and its backbone on the whole image besides.

    Args:
        config: of a detector, a pretraining, a classifier, or with a backbone in the model's place.
        size: height and width in pixels; None takes 1,024 for detectors and else the backbone's
            ``img_size``, or 224.

    Returns:
        The parts, and as the last one the whole.
    """
    init_default_scope(config.get('default_scope', 'mmpretrain'))
    model = MODELS.build(config.model)
    model.eval()  # not chained: eval() of the hosts' Swin returns None
    size = size or _usual_size(config)
    images = torch.randn(1, 3, *size)
    with torch.no_grad():
        if hasattr(model, 'reconstruct'):
            return _pretraining_parts(model, images)
        if hasattr(model, 'roi_head'):
            return _two_stage_parts(model, images)
        if hasattr(model, 'extract_feat') and hasattr(model, 'backbone'):
            return _one_stage_parts(model, images)
        return [_whole(model, count_macs(lambda: model(images)))]


def _usual_size(config: Config) -> tuple[int, int]:
    if task_of(config) == 'detection':
        return 1024, 1024
    size = config.model.get('backbone', config.model).get('img_size', 224)
    return (size, size) if isinstance(size, int) else tuple(size)


def _pretraining_parts(model: nn.Module, images: Tensor) -> list[Part]:
    return [
        _part('backbone, whole image', model.backbone, lambda: model.extract_feat(images)),
        _whole(model, count_macs(lambda: model.loss(images, None))),
    ]


def _one_stage_parts(model: nn.Module, images: Tensor) -> list[Part]:
    """Backbone, neck, and the rest of the forward pass."""
    samples = _samples(images)
    total = count_macs(lambda: model(images, samples, mode='tensor'))
    parts = _backbone_and_neck(model, images)
    rest = Part(
        'heads',
        total - sum(part.macs for part in parts),
        num_parameters(model) - sum(part.num_parameters for part in parts),
    )
    return [*parts, rest, _whole(model, total)]


def _two_stage_parts(model: nn.Module, images: Tensor) -> list[Part]:
    parts, head = _backbone_and_neck(model, images), model.roi_head
    maps = model.extract_feat(images)
    parts.append(_part('rpn_head', model.rpn_head, lambda: model.rpn_head(maps)))
    proposals = _regions(NUM_PROPOSALS, images)
    if isinstance(head.bbox_head, nn.ModuleList):  # a cascade
        stages = range(len(head.bbox_head))
        parts.append(
            _part(
                'roi_head.bbox_head',
                head.bbox_head,
                lambda: [head._bbox_forward(stage, maps, proposals) for stage in stages],
            )
        )
    else:
        parts.append(
            _part('roi_head.bbox_head', head.bbox_head, lambda: head._bbox_forward(maps, proposals))
        )
    if head.with_mask:
        found = _regions(NUM_DETECTIONS, images)
        parts.append(_part('roi_head.mask_head', head.mask_head, _masks_of(head, maps, found)))
    return [*parts, _whole(model, sum(part.macs for part in parts))]


def _masks_of(head: nn.Module, maps: tuple[Tensor, ...], found: Tensor) -> Callable[[], object]:
    """What predicts masks: in a cascade the heads of all stages, whose masks are averaged."""
    if isinstance(head.mask_head, nn.ModuleList):
        stages = range(len(head.mask_head))
        return lambda: [head._mask_forward(stage, maps, found) for stage in stages]
    return lambda: head._mask_forward(maps, found)


def _backbone_and_neck(model: nn.Module, images: Tensor) -> list[Part]:
    parts = [_part('backbone', model.backbone, lambda: model.backbone(images))]
    if getattr(model, 'with_neck', False):
        maps = model.backbone(images)
        parts.append(_part('neck', model.neck, lambda: model.neck(maps)))
    return parts


def _regions(number: int, images: Tensor) -> Tensor:
    """(number, 5) image index and box: the middle of the image; what is in it costs nothing."""
    height, width = images.shape[-2:]
    box = torch.tensor([0, 0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height])
    return box.expand(number, 5)


def _samples(images: Tensor) -> list:
    """What transformers for detection read besides: the size of the image in its batch."""
    from mmdet.structures import DetDataSample

    size = tuple(images.shape[-2:])
    shapes = dict.fromkeys(('img_shape', 'batch_input_shape', 'pad_shape', 'ori_shape'), size)
    return [DetDataSample(metainfo={**shapes, 'scale_factor': (1.0, 1.0)})]


def num_parameters(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(each.numel() for each in module.parameters())


def _part(name: str, module: nn.Module, work: Callable[[], object]) -> Part:
    return Part(name, count_macs(work), num_parameters(module))


def _whole(model: nn.Module, macs: float) -> Part:
    return Part('all', macs, num_parameters(model))


def as_table(parts: list[Part]) -> str:
    """The parts in lines: multiply-adds in G, parameters in M."""
    width = max(len(part.name) for part in parts) + 2
    rows = [f'{"":{width}}{"multiply-adds":>16}{"parameters":>14}']
    for part in parts:
        rows.append(
            f'{part.name:{width}}{part.macs / 1e9:>14.2f} G{part.num_parameters / 1e6:>12.2f} M'
        )
    return '\n'.join(rows)
