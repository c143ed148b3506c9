"""What every net shares: sizes by name, layers, the start of weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmgreen.errors import InputError
from mmgreen.nets.lean import gelu_linear
from mmgreen.ops.layout import unroll


def read_arch(arch: str | dict, table: dict[str, dict]) -> dict:
    """The sizes of a net, by name or as a dict.

    Raises:
        ValueError: if the name is unknown, or the dict has other keys than the table's entries, or
            its lists are not of four stages.
    """
    if isinstance(arch, str):
        if arch not in table:
            raise InputError(f'Unknown arch {arch!r}; choose from {sorted(table)} or give a dict.')
        return table[arch]
    wanted = set(next(iter(table.values())))
    if set(arch) != wanted:
        missing, unknown = sorted(wanted - set(arch)), sorted(set(arch) - wanted)
        raise InputError(f'arch lacks the keys {missing} and has the unknown keys {unknown}.')
    for key, usual in next(iter(table.values())).items():
        if isinstance(usual, list) and len(arch[key]) != 4:
            raise InputError(f'arch[{key!r}] must list four stages, not {arch[key]}.')
    return dict(arch)


def read_out_indices(out_indices: Sequence[int]) -> tuple[int, ...]:
    """The stages whose maps are given, out of four.

    Raises:
        ValueError: if they are no sequence of different numbers from 0 to 3.
    """
    stages = tuple(out_indices) if isinstance(out_indices, Sequence) else None
    if stages is None or not set(stages) <= set(range(4)) or len(set(stages)) < len(stages):
        raise InputError(
            'out_indices must list stages from 0 to 3, each once, as in (0, 1, 2, 3), not '
            f'{out_indices!r}.'
        )
    return stages


class DropPath(nn.Module):
    """Drops whole residual branches of random images in training (arXiv 1603.09382).

    Kept branches are scaled by ``1 / (1 - drop_rate)``; does nothing in evaluation.
    """

    def __init__(self, drop_rate: float = 0.0):
        super().__init__()
        self.drop_rate = drop_rate

    def forward(self, branch: Tensor) -> Tensor:
        """(B, ...) in and out."""
        if self.drop_rate == 0 or not self.training:
            return branch
        shape = (branch.shape[0],) + (1,) * (branch.dim() - 1)
        kept = branch.new_empty(shape).bernoulli_(1 - self.drop_rate)
        return branch * kept.div_(1 - self.drop_rate)

    def extra_repr(self) -> str:
        """What printing the net shows."""
        return f'drop_rate={self.drop_rate}'


class Mlp(nn.Module):
    """Linear, GELU, linear."""

    def __init__(self, dim: int, hidden_dim: int):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., dim) in and out."""
        return gelu_linear(self.fc1(tokens), self.fc2.weight, self.fc2.bias)


class FeedForward(nn.Module):
    """Linear, GELU, linear, under the names of mmcv's FFN."""

    def __init__(self, dim: int, hidden_dim: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Sequential(nn.Linear(dim, hidden_dim), nn.GELU()), nn.Linear(hidden_dim, dim)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., C) in and out."""
        (first, _), second = self.layers
        return gelu_linear(first(tokens), second.weight, second.bias)


def convolve_unit_order(tokens: Tensor, conv: nn.Conv2d | nn.Conv3d) -> Tensor:
    """A convolution whose kernel equals its stride k, a power of two, on tokens in unit order.

    Args:
        tokens: (B, V, C).
        conv: its kernel may have a first dimension for time, of size 1.

    Returns:
        (B, V / k**2, C_out).
    """
    side = conv.kernel_size[-1]
    weight = unroll(conv.weight.flatten(1, -3), side).flatten(1)
    return F.linear(tokens.unflatten(1, (-1, side**2)).flatten(2), weight, conv.bias)


def drop_path_rates(highest: float, depth: int) -> list[float]:
    """Stochastic depth of each of ``depth`` blocks: from 0 evenly up to ``highest``.

    Raises:
        InputError: if ``highest`` is not in [0, 1).
    """
    if not isinstance(highest, int | float) or not 0 <= highest < 1:
        raise InputError(f'drop_path_rate must be 0 or more and below 1, not {highest!r}.')
    return [highest * i / max(depth - 1, 1) for i in range(depth)]


def check_heads(dim: int, num_heads: int) -> None:
    """Refuses attention whose heads cannot share a token's numbers evenly.

    Raises:
        InputError: names both.
    """
    if not isinstance(num_heads, int) or num_heads < 1 or dim % num_heads:
        raise InputError(
            f'num_heads={num_heads!r} does not divide the {dim} numbers of a token into equal '
            'heads; choose a divisor, or another embed_dim.'
        )


def run_block(block: nn.Module, tokens: Tensor, *args: object, with_cp: bool) -> Tensor:
    """``block(tokens, *args)``; ``with_cp`` computes it again in the backward pass."""
    if with_cp and tokens.requires_grad:
        return checkpoint(block, tokens, *args, use_reentrant=False)
    return block(tokens, *args)


def reset_transformer_weights(net: nn.Module) -> None:
    """The initialisation of MAE: Xavier's for weights, a linear layer's bias 0, norms 1 and 0.

    At the widths of Swin-B it is near Swin's own deviation of 0.02, and it fits narrow nets as
    well, in which 0.02 would let the signal fade. A convolution counts as the linear layer that it
    is on its patch, and keeps torch's bias, as MAE's does: were it 0, a batch's padding would
    become tokens of zeros, at which each LayerNorm multiplies the gradient by 1 / sqrt(eps).
    """
    for module in net.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.Conv3d)):
            nn.init.xavier_uniform_(module.weight.flatten(1))
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
