"""Operations that keep less for the backward pass than torch's own, and compute it again instead.

What is recomputed is cheap beside the matrix products around it; gradients are the same.

Letters in shapes: B images, M matrices that share a bias over the images, S tokens of each, D
channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """``softmax(q @ k.T / sqrt(D) + bias) @ v`` with a learned bias.

    Args:
        q: (B, M, S, D), queries.
        k: the same of keys.
        v: the same of values.
        bias: (1, M, S, S), -inf where a pair may not attend; every row has a finite value.

    Returns:
        (B, M, S, D).
    """
    if q.device.type == 'cpu' and bias.requires_grad:
        # torch has a fused kernel for CPUs, but none that gives a gradient for the bias: it would
        # fall back to plain products, and keep scaled copies of q and k, and all probabilities.
        return _CpuAttention.apply(q, k, v, bias)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


class _CpuAttention(torch.autograd.Function):
    """Keeps q, k, v and the bias; probabilities are computed again."""

    @staticmethod
    def forward(ctx, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(q, k, v, bias)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        q, k, v, bias = ctx.saved_tensors
        scale = q.shape[-1] ** -0.5
        weights = ((q * scale) @ k.transpose(-2, -1) + bias).softmax(-1).to(q.dtype)
        grad_v = weights.transpose(-2, -1) @ grad
        grad_weights = grad @ v.transpose(-2, -1)
        mean = (grad_weights * weights).sum(-1, keepdim=True)
        grad_scores = grad_weights.sub_(mean).mul_(weights)
        grad_bias = grad_scores.sum(0, keepdim=True, dtype=bias.dtype)
        grad_q = (grad_scores @ k).mul_(scale)
        grad_k = (grad_scores.transpose(-2, -1) @ q).mul_(scale)
        return grad_q, grad_k, grad_v, grad_bias


def gelu_linear(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``F.linear(F.gelu(hidden), weight, bias)``; the output of the GELU is not kept.

    Args:
        hidden: (..., n).
        weight: (m, n).
        bias: (m,).

    Returns:
        (..., m).
    """
    return _GeluLinear.apply(hidden, weight, bias)


class _GeluLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(hidden, weight)
        return F.linear(F.gelu(hidden), weight, bias)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden, weight = ctx.saved_tensors
        # Under autocast the weight was used in the precision of the output.
        grad_active = grad @ weight.to(grad.dtype)
        grad_hidden = torch.ops.aten.gelu_backward(grad_active.to(hidden.dtype), hidden)
        active = F.gelu(hidden).to(grad.dtype).flatten(0, -2)
        rows = grad.flatten(0, -2)
        return grad_hidden, (rows.t() @ active).to(weight.dtype), rows.sum(0).to(weight.dtype)
