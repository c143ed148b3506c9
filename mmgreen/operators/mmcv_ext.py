"""``mmcv._ext``, the module of mmcv's compiled operators, where mmcv was built without them.

``import mmgreen`` tells Python to look here when nothing else has a module of that name. Names,
arguments and results are those of the compiled functions, which ``mmcv.ops`` calls: some write
into a tensor that they are given. What is not defined here raises when it is called, not before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmgreen.operators.soft_nms import soft_nms

try:
    import torchvision
except (ImportError, RuntimeError, OSError) as error:
    raise ImportError(
        'mmcv has no compiled operators here, and torchvision, whose operators mmgreen puts in '
        f"their place, cannot be imported ({error}); 'python -m mmgreen.check_env' says what to "
        'install.'
    ) from error

AVERAGE = 1  # mmcv's number for pool_mode='avg'; 0 is 'max'


def __getattr__(name: str) -> Callable:
    """A function that raises when it is called, for any operator that is not defined here."""
    if name.startswith('_'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

    def missing(*args, **kwargs):
        raise _not_here(f'The operator {name!r}')

    missing.__name__ = name
    return missing


def get_compiler_version() -> str:
    """What stands in mmengine's list of the environment for the compiler of the operators."""
    return f'none: the operators are those of torchvision {torchvision.__version__}, by mmgreen'


def get_compiling_cuda_version() -> str:
    """What mmcv says of operators that no CUDA compiler has made."""
    return 'not available'


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Indices of the boxes that are kept, the highest score first.

    Args:
        boxes: (N, 4), corners.
        scores: (N,), of any floating type.
        iou_threshold: a box is dropped whose overlap with one that is kept is greater.
        offset: what is added to widths and heights, 0 or 1.
    """
    # torch's plain sort, as the compiled operator's: it decides which of equal scores comes first.
    order = scores.sort(dim=0, descending=True).indices
    boxes = boxes[order].to(torch.promote_types(boxes.dtype, torch.float32))
    threshold = _to_float32(iou_threshold)
    if offset:
        return order[_keep_with_offset(boxes, threshold, offset)]
    falling = torch.arange(len(order), 0, -1, device=boxes.device).to(boxes)
    return order[torchvision.ops.nms(boxes, falling, threshold)]


def _keep_with_offset(boxes: Tensor, threshold: float, offset: int) -> Tensor:
    """Which of boxes in falling order are kept, (N,) bool; torchvision knows no offset."""
    left, top, right, bottom = boxes.unbind(1)
    areas = (right - left + offset) * (bottom - top + offset)
    keep = torch.ones_like(left, dtype=torch.bool)
    for i in range(len(boxes)):
        if not keep[i]:
            continue
        rest = slice(i + 1, None)
        width = torch.minimum(right[i], right[rest]) - torch.maximum(left[i], left[rest]) + offset
        height = torch.minimum(bottom[i], bottom[rest]) - torch.maximum(top[i], top[rest]) + offset
        both = width.clamp(min=0) * height.clamp(min=0)
        keep[rest] &= ~(both / (areas[i] + areas[rest] - both) > threshold)
    return keep


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Indices (K,) of the boxes that are left, in the order in which they were chosen.

    Args:
        boxes: (N, 4), corners, on the CPU, as all tensors here.
        scores: (N,).
        dets: (N, 5), of which the first K rows are set to the boxes and their new scores.
        iou_threshold: see ``method``.
        sigma: width of the Gaussian.
        min_score: a box is dropped as soon as its score is lower.
        method: 0 drops boxes that overlap by the threshold or more, 1 multiplies their scores by
            1 - overlap, 2 multiplies all scores by a Gaussian of the overlap.
        offset: what is added to widths and heights, 0 or 1.
    """
    chosen, lowered = soft_nms(
        boxes.float().numpy(),
        scores.float().numpy(),
        *(np.float32(iou_threshold), np.float32(sigma), np.float32(min_score)),
        *(method, offset),
    )
    indices = torch.from_numpy(chosen)
    dets[: len(indices), :4] = boxes[indices]
    dets[: len(indices), 4] = torch.from_numpy(lowered)
    return indices


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Writes into ``output`` (R, C, aligned_height, aligned_width) the averages of bins.

    Args:
        input: (B, C, H, W) maps.
        rois: (R, 5): index of the image, corners in pixels of it.
        output: see above.
        argmax_y: not used, as the next.
        argmax_x: only the maximum of bins needs them.
        aligned_height: rows of bins.
        aligned_width: columns of bins.
        spatial_scale: pixels of the maps in a pixel of the image.
        sampling_ratio: samples along each side of a bin, 0 for one a pixel of the map.
        pool_mode: ``AVERAGE``.
        aligned: whether corners are shifted by half a pixel.

    Raises:
        NotImplementedError: for the maximum of bins, which torchvision does not have.
    """
    if pool_mode != AVERAGE:
        raise _not_here("roi_align with pool_mode='max'")
    kind = _type_for_pooling(input)
    with torch.autocast(input.device.type, enabled=False):
        pooled = torch.ops.torchvision.roi_align(
            input.to(kind),
            rois.to(kind),
            *(_to_float32(spatial_scale), aligned_height, aligned_width, sampling_ratio, aligned),
        )
    output.copy_(pooled)


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Writes into ``grad_input`` (B, C, H, W) the gradient of what the forward pass was given.

    Args:
        grad_output: (R, C, aligned_height, aligned_width), gradient of what it wrote.
        rois: as there, and all the others.
        argmax_y: not used.
        argmax_x: not used.
        grad_input: see above.
        aligned_height: rows of bins.
        aligned_width: columns of bins.
        spatial_scale: pixels of the maps in a pixel of the image.
        sampling_ratio: samples along each side of a bin.
        pool_mode: ``AVERAGE``.
        aligned: whether corners are shifted by half a pixel.
    """
    kind = _type_for_pooling(grad_input)
    gradient = torch.ops.torchvision._roi_align_backward(
        grad_output.to(kind),
        rois.to(kind),
        *(_to_float32(spatial_scale), aligned_height, aligned_width),
        *grad_input.shape,
        *(sampling_ratio, aligned),
    )
    grad_input.copy_(gradient)


def ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Deformable attention over maps of several scales, (B, Q, C), by mmcv's PyTorch function.

    Args:
        value: (B, keys of all maps, heads, C / heads).
        spatial_shapes: (L, 2), height and width of each map.
        level_start_index: not used, it follows from the shapes.
        sampling_locations: (B, Q, heads, L, P, 2), x and y from 0 to 1.
        attention_weights: (B, Q, heads, L, P).
        im2col_step: not used, nothing is unfolded.
    """
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    return multi_scale_deformable_attn_pytorch(
        value, spatial_shapes, sampling_locations, attention_weights
    )


def ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Writes the gradients of the forward pass, which it computes once more, into the last three.

    Args:
        value: as in the forward pass, and the next four.
        spatial_shapes: height and width of each map.
        level_start_index: not used.
        sampling_locations: x and y from 0 to 1.
        attention_weights: one for each location.
        grad_output: (B, Q, C), gradient of the result.
        grad_value: gradient of ``value``.
        grad_sampling_loc: gradient of ``sampling_locations``.
        grad_attn_weight: gradient of ``attention_weights``.
        im2col_step: not used.
    """
    inputs = [each.detach().requires_grad_() for each in (value, sampling_locations)]
    inputs.append(attention_weights.detach().requires_grad_())
    with torch.enable_grad():
        output = ms_deform_attn_forward(
            inputs[0], spatial_shapes, level_start_index, *inputs[1:], im2col_step
        )
    gradients = torch.autograd.grad(output, inputs, grad_output)
    for target, gradient in zip((grad_value, grad_sampling_loc, grad_attn_weight), gradients):
        target.copy_(gradient)


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Writes the focal loss of every class into ``output`` (N, C); DINO's on a GPU asks for it.

    Args:
        input: (N, C), logits.
        target: (N,), int64, the class, or C for none.
        weight: (C,), a factor for what has the class as its target, or of no elements.
        output: see above.
        gamma: exponent.
        alpha: factor of the class that is the target; that of the others is 1 - alpha.
    """
    output.copy_(_sigmoid_focal_loss(input, target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Writes the gradient of the sum of the loss into ``grad_input`` (N, C).

    Args:
        input: as in the forward pass, and all the others.
        target: the classes.
        weight: their factors.
        grad_input: see above.
        gamma: exponent.
        alpha: factor of the class that is the target.
    """
    logits = input.detach().requires_grad_()
    with torch.enable_grad():
        loss = _sigmoid_focal_loss(logits, target, weight, gamma, alpha).sum()
    grad_input.copy_(torch.autograd.grad(loss, logits)[0])


def _sigmoid_focal_loss(
    logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float
) -> Tensor:
    positive = target[:, None] == torch.arange(logits.shape[1], device=logits.device)
    logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    entropy = F.binary_cross_entropy_with_logits(logits, positive.to(logits), reduction='none')
    # 1 - p of the target, p of the others; their product with the entropy is the paper's loss.
    missed = torch.where(positive, -logits, logits).sigmoid()
    loss = torch.where(positive, alpha, 1 - alpha) * missed**gamma * entropy
    return loss if weight.numel() == 0 else loss * weight[target][:, None]


def _not_here(what: str) -> NotImplementedError:
    return NotImplementedError(
        f"{what} is not among torchvision's, which mmgreen puts in the place of mmcv's; a compiled "
        'mmcv has it (docs/install.md, "With a compiled mmcv").'
    )


def _type_for_pooling(maps: Tensor) -> torch.dtype:
    """That of the maps; torchvision has no bfloat16, of which float32 holds every value."""
    return torch.float32 if maps.dtype == torch.bfloat16 else maps.dtype


def _to_float32(number: float) -> float:
    """The nearest number that float32 has: the compiled operators take theirs as such."""
    return float(np.float32(number))
