"""Operations that keep less for the backward pass than torch's own; gradients are the same.

What is computed again instead is cheap beside the matrix products around it.

Letters in shapes: B images, M matrices that share a bias over the images, S tokens of each, D
channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def attention(qkv: Tensor, bias: Tensor) -> Tensor:
    """``softmax(q @ k.T / sqrt(D) + bias) @ v`` with a learned bias.

    Args:
        qkv: (3, B, M, S, D): queries, keys, values.
        bias: (1, M, S, S), -inf where a pair may not attend; every row has a finite value.

    Returns:
        (B, M, S, D).
    """
    if qkv.device.type == 'cpu' and bias.requires_grad:
        # torch has a fused kernel for CPUs, but none that gives a gradient for the bias: it would
        # fall back to slower steps, and keep scaled copies of q and k too.
        return _CpuAttention.apply(qkv, bias)
    q, k, v = qkv
    # autocast does not bring the bias to the type of q in torch 2.1
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))


class _CpuAttention(torch.autograd.Function):
    """Keeps q, k, v as they came, and the probabilities: few, for groups are small."""

    @staticmethod
    def forward(ctx, qkv: Tensor, bias: Tensor) -> Tensor:
        q, k, v = qkv
        scores = torch.add(bias, q @ k.transpose(-2, -1), alpha=q.shape[-1] ** -0.5)
        weights = scores.softmax(-1).to(q.dtype)
        ctx.save_for_backward(qkv, weights)
        ctx.bias_dtype = bias.dtype
        return weights @ v

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        qkv, weights = ctx.saved_tensors
        q, k, v = qkv
        grad_weights = grad @ v.transpose(-2, -1)
        grad_scores = torch._softmax_backward_data(grad_weights, weights, -1, weights.dtype)
        grad_bias = grad_scores.sum(0, keepdim=True, dtype=ctx.bias_dtype)
        # Written into one tensor, or autograd would copy three into one.
        grad_qkv = torch.empty_like(qkv, memory_format=torch.contiguous_format)
        torch.matmul(grad_scores, k, out=grad_qkv[0])
        torch.matmul(grad_scores.transpose(-2, -1), q, out=grad_qkv[1])
        torch.matmul(weights.transpose(-2, -1), grad, out=grad_qkv[2])
        grad_qkv[:2].mul_(q.shape[-1] ** -0.5)
        return grad_qkv, grad_bias


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
