"""Calls of mmcv's operators with what its compiled ones answered, in ``operators/compiled.pt``.

The file was made by this one, where mmcv's operators were compiled for a CPU (onedl-mmcv 2.3.6,
torch 2.13.0), from the root of the repository:

    PYTHONPATH=. python tests/reference_operators.py
"""

import sys
from contextlib import nullcontext
from pathlib import Path

import mmcv.ops
import torch

FILE = Path(__file__).parent / 'operators/compiled.pt'


def call(function, tensors, options, autocast=None):
    """What a function of ``mmcv.ops`` returns, as a list of tensors.

    RoIAlign's list also holds the gradient of its input, for a gradient of its output that is no
    block of memory (as heads that flatten and permute send it).
    """
    with torch.autocast('cpu', autocast) if autocast else nullcontext():
        if function != 'roi_align':
            return list(getattr(mmcv.ops, function)(*tensors, **options))
        images, rois, weights = tensors
        images = images.clone().requires_grad_()
        pooled = mmcv.ops.roi_align(images, rois, *options.values())
        pooled.backward(weights.to(pooled.dtype).transpose(2, 3).contiguous().transpose(2, 3))
        return [pooled.detach(), images.grad]


def _boxes(generator, count, size=100.0, levels=None):
    """Boxes (count, 4), and scores (count,) that are all different or of so many levels."""
    corners = torch.rand(count, 2, generator=generator) * size
    boxes = torch.cat([corners, corners + torch.rand(count, 2, generator=generator) * size / 2], 1)
    if levels is None:
        return boxes, torch.rand(count, generator=generator)
    return boxes, torch.randint(1, levels, (count,), generator=generator) / levels


def _forms_of_nms(generator):
    some, tied = _boxes(generator, 60), _boxes(generator, 150, levels=6)
    none = torch.zeros(0, 4), torch.zeros(0)
    flat = some[0].clone()
    flat[::3, 2] = flat[::3, 0]
    flat[::4, 2:] = flat[::4, :2]
    flat[1::7] = flat[1]
    # Of height 1, 1/10, 1/2 and 7/10: their overlaps with the first are the usual thresholds.
    nested = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 0.1], [0, 0, 1, 0.5], [0, 0, 1, 0.7]])
    nested = nested, torch.tensor([0.9, 0.8, 0.7, 0.6])
    for threshold in (0.1, 0.3, 0.5, 0.7):
        yield 'nms', some, dict(iou_threshold=threshold)
        yield 'nms', nested, dict(iou_threshold=threshold)
        yield 'nms', tied, dict(iou_threshold=threshold)
    for boxes in (some, tied, none, (flat, some[1]), (some[0][:1], some[1][:1])):
        yield 'nms', boxes, dict(iou_threshold=0.5, offset=1)
        yield 'nms', boxes, dict(iou_threshold=0.5, score_threshold=0.4)
        yield 'nms', boxes, dict(iou_threshold=0.5, score_threshold=0.99)
        yield 'nms', boxes, dict(iou_threshold=0.5, max_num=7)
        for method in ('naive', 'linear', 'gaussian'):
            yield 'soft_nms', boxes, dict(iou_threshold=0.3, method=method)
            yield 'soft_nms', boxes, dict(method=method, min_score=0.2, sigma=0.3, offset=1)
    for kind in (torch.float16, torch.bfloat16):
        yield 'nms', (tied[0], tied[1].to(kind)), dict(iou_threshold=0.5)


def _forms_of_batched_nms(generator):
    boxes, scores = _boxes(generator, 120, levels=40)
    classes = torch.randint(5, (120,), generator=generator)
    nms = dict(type='nms', iou_threshold=0.5)
    for tensors in ((boxes, scores, classes), (boxes[:0], scores[:0], classes[:0])):
        if len(tensors[0]):  # mmcv takes the maximum of the boxes, which none have
            yield 'batched_nms', tensors, dict(nms_cfg=nms)
            yield 'batched_nms', tensors, dict(nms_cfg=dict(nms, split_thr=50, max_num=20))
        yield 'batched_nms', tensors, dict(nms_cfg=nms, class_agnostic=True)
        yield 'batched_nms', tensors, dict(nms_cfg=dict(nms, class_agnostic=True, max_num=9))
        yield 'batched_nms', tensors, dict(nms_cfg=None)
    soft = dict(type='soft_nms', iou_threshold=0.5, min_score=0.05)
    yield 'batched_nms', (boxes, scores, classes), dict(nms_cfg=soft)
    yield 'batched_nms', (boxes, scores, classes), dict(nms_cfg=dict(soft, split_thr=50))
    yield 'batched_nms', (boxes, scores.bfloat16(), classes), dict(nms_cfg=nms)


def _forms_of_roi_align(generator):
    images = torch.randn(2, 3, 12, 17, generator=generator)
    rois = torch.cat([torch.zeros(9, 1), _boxes(generator, 9, size=60)[0] - 6], 1)
    rois[4:, 0] = 1
    rois[2, 3:] = rois[2, 1:3]  # no area
    rois[3, 4] = rois[3, 2]
    rois[5, 1:] = torch.tensor([500, 500, 600, 600])  # outside of the image
    keys = ('output_size', 'spatial_scale', 'sampling_ratio', 'pool_mode', 'aligned')
    for values in (
        *((7, 0.25, 0, 'avg', True), (7, 0.25, 0, 'avg', False), (7, 0.25, 2, 'avg', True)),
        *(((3, 5), 0.1, 0, 'avg', True), ((2, 1), 1.0, 3, 'avg', False)),
    ):
        options = dict(zip(keys, values))
        weights = torch.randn(9, 3, *torch.nn.modules.utils._pair(values[0]), generator=generator)
        for kind in (torch.float32, torch.float64, torch.float16):
            yield 'roi_align', tuple(each.to(kind) for each in (images, rois, weights)), options
        yield 'roi_align', (images, rois[:0], weights[:0]), options


def forms():
    """Every call that is recorded: function, tensors, options, type of autocast or None."""
    generator = torch.Generator().manual_seed(0)
    plain = [*_forms_of_nms(generator), *_forms_of_batched_nms(generator)]
    plain += _forms_of_roi_align(generator)
    for each in plain:
        yield *each, None
    in_float32 = [each for each in plain if all(t.dtype != torch.float16 for t in each[1])]
    for each in in_float32[::5]:
        yield *each, torch.bfloat16


def main():
    """Writes the file."""
    compiled = sys.modules['mmcv._ext'].__file__
    if not compiled.endswith('.so'):
        raise SystemExit(f'{compiled} holds no compiled operators.')
    torch.set_num_threads(1)
    records = [(*form, call(*form)) for form in forms()]
    torch.save(records, FILE)
    print(f'{len(records)} calls, {FILE.stat().st_size / 1000:.0f} kB')


if __name__ == '__main__':
    main()
