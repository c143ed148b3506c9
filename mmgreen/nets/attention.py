"""Attention inside windows: of all tokens of a map, or of the visible ones only.

Letters in shapes: B images, H W rows and columns of tokens, C channels, V visible tokens, G groups
(a window of a dense map is a group too), S slots per group, N heads, D channels per head.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmgreen.nets.layers import check_heads
from mmgreen.nets.lean import attention
from mmgreen.ops.grouping import GroupPlan, group, ungroup
from mmgreen.ops.layout import cut_windows, paste_windows
from mmgreen.ops.positions import bias_row_index, relative_position_index, square_coords


def fit_window(
    size: tuple[int, int], window: int, pad_small_map: bool
) -> tuple[int, tuple[int, ...]]:
    """Side of a stage's windows, and the shifts that its blocks take in turn, in tokens.

    Two rules are in use for a map whose shorter side is no larger than the window.

    Args:
        size: rows and columns of the map.
        window: side of an uncut window.
        pad_small_map: False: the window is cut down to the shorter side and not shifted (the
            original Swin, GreenMIM, mmpretrain's default). True: the map is padded up to the window
            and shifted as any other (mmdet).
    """
    shorter = min(size)
    if pad_small_map or shorter > window:
        return window, (0, window // 2)
    return shorter, (0,)


class DenseWindows(NamedTuple):
    """Windows over a whole map, which is padded at the bottom and right to whole windows."""

    size: tuple[int, int]
    """(H, W), rows and columns of the map."""
    window: int
    """Tokens a side of a window."""
    shift: int
    """Tokens by which the map is rolled up and left before it is cut."""
    bias_rows: Tensor
    """(G, S, S), or (1, S, S) where all windows are alike; see :func:`bias_row_index`."""

    @classmethod
    def over(
        cls,
        size: tuple[int, int],
        window: int,
        shift: int,
        table_window: int,
        device: torch.device,
        mask_padding: bool = False,
    ) -> DenseWindows:
        """The windows of a map of ``size``, with a bias table for windows of ``table_window``.

        Where ``mask_padding``, what pads the map is no key of a token; else, as in the original, it
        is one like any other.
        """
        padded = [-(-side // window) * window for side in size]
        is_padded = padded != list(size)
        attend = None
        if shift or (mask_padding and is_padded):
            parts = _parts(padded, window, shift, device)
            if mask_padding and is_padded:
                places = [(torch.arange(side, device=device) + shift) % side for side in padded]
                rows, columns = (place < side for place, side in zip(places, size, strict=True))
                # A part of its own: what pads attends to what pads, so that no row is empty.
                parts[~(rows[:, None] & columns)] = -1
            parts = cut_windows(parts[None, ..., None], (window, window))[0, ..., 0]
            attend = parts[:, :, None] == parts[:, None, :]
        bias_rows = bias_row_index(square_coords(window, device)[None], attend, table_window)
        return cls(size, window, shift, bias_rows)

    def gather(self, tokens: Tensor, padding: Tensor) -> Tensor:
        """(B, H, W, C) to (B, G, S, C); places outside the map hold ``padding``, (C,)."""
        batch, height, width, channels = tokens.shape
        rows, columns = -(-height // self.window), -(-width // self.window)
        if (height, width) != (rows * self.window, columns * self.window):
            padded = padding.to(tokens.dtype).expand(
                batch, rows * self.window, columns * self.window, channels
            )
            padded = padded.clone()
            padded[:, :height, :width] = tokens
            tokens = padded
        if self.shift:
            tokens = tokens.roll((-self.shift, -self.shift), dims=(1, 2))
        return cut_windows(tokens, (self.window, self.window))

    def scatter(self, windows: Tensor) -> Tensor:
        """(B, G, S, C) back to (B, H, W, C), padding dropped."""
        height, width = self.size
        whole = tuple(-(-side // self.window) * self.window for side in self.size)
        tokens = paste_windows(windows, (self.window, self.window), whole)
        if self.shift:
            tokens = tokens.roll((self.shift, self.shift), dims=(1, 2))
        return tokens[:, :height, :width]


def _parts(padded: list[int], window: int, shift: int, device: torch.device) -> Tensor:
    """(H, W) int64 on the rolled map: a rolled window may hold parts that do not touch on the map.

    Only tokens of the same part attend to each other (Swin, section 3.2).
    """
    edges = [
        (torch.arange(side, device=device) >= side - window).long()
        + (torch.arange(side, device=device) >= side - shift)
        for side in padded
    ]
    return edges[0][:, None] * 3 + edges[1]


class VisibleGroups(NamedTuple):
    """Groups of visible tokens."""

    plan: GroupPlan
    """Where each token sits, on the device of the tokens."""
    bias_rows: Tensor
    """(G, S, S), see :func:`bias_row_index`."""

    @classmethod
    def of(cls, plan: GroupPlan, table_window: int) -> VisibleGroups:
        """The groups of ``plan``, with a bias table for windows of ``table_window``."""
        return cls(plan, bias_row_index(plan.coords, plan.attend, table_window))

    def gather(self, tokens: Tensor, padding: Tensor) -> Tensor:
        """(B, V, C) to (B, G, S, C), or to (1, G, S, C) where groups are of the whole batch.

        Padding slots attend to none but each other and are dropped later, so they hold any token,
        and ``padding`` is not needed.
        """
        return group(tokens.reshape(-1, len(self.plan.back), tokens.shape[-1]), self.plan)

    def scatter(self, groups: Tensor) -> Tensor:
        """(B, G, S, C) back to (B, V, C), or (1, G, S, C) to (1, B * V, C)."""
        return ungroup(groups, self.plan)


class WindowAttention(nn.Module):
    """Attention among tokens that share a window, with a learned bias per relative offset.

    The same weights serve the dense net (:class:`DenseWindows`) and visible-only pretraining
    (:class:`VisibleGroups`). Projections run on tokens only: padding exists between ``gather`` and
    ``scatter``.

    Args:
        dim: C.
        num_heads: N.
        window: tokens a side of an uncut window; the table has ``(2 * window - 1)**2`` rows.
    """

    def __init__(self, dim: int, num_heads: int, window: int):
        super().__init__()
        check_heads(dim, num_heads)
        self.num_heads = num_heads
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros((2 * window - 1) ** 2, num_heads)
        )
        index = relative_position_index(square_coords(window), window)
        self.register_buffer('relative_position_index', index)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, tokens: Tensor, windows: DenseWindows | VisibleGroups) -> Tensor:
        """(B, H, W, C) or (B, V, C) in, the same out.

        A padded position of a dense map is a key and value like any other, as in the original: what
        the projection gives for zeros is its bias, so it needs no matrix product.
        """
        qkv = windows.gather(self.qkv(tokens), self.qkv.bias)
        out = self.proj(windows.scatter(self._attend(qkv, windows.bias_rows)))
        return out.reshape(tokens.shape)

    def _attend(self, qkv: Tensor, bias_rows: Tensor) -> Tensor:
        """(B, G, S, 3C) to (B, G, S, C)."""
        batch, groups = qkv.shape[:2]
        qkv = qkv.unflatten(-1, (3, self.num_heads, -1))
        bias = self._bias(bias_rows)
        # Queries have four dimensions because fused kernels take no others, and are folded such
        # that the bias is broadcast, never copied: one bias for all groups wants (B * G, N, S, D),
        # a bias for each group (B, N * G, S, D).
        if len(bias_rows) == 1:
            qkv = qkv.permute(3, 0, 1, 4, 2, 5).flatten(1, 2)
            out = attention(qkv, bias.transpose(0, 1))
            return out.transpose(1, 2).flatten(2).unflatten(0, (batch, groups))
        qkv = qkv.permute(3, 0, 4, 1, 2, 5).flatten(2, 3)
        out = attention(qkv, bias.flatten(0, 1)[None])
        return out.unflatten(1, (self.num_heads, groups)).permute(0, 2, 3, 1, 4).flatten(3)

    def _bias(self, bias_rows: Tensor) -> Tensor:
        """(N, G, S, S) additive bias, -inf where a pair may not attend."""
        table = self.relative_position_bias_table.t()
        never = table.new_full((self.num_heads, 1), -torch.inf)
        rows = torch.cat([table, never], dim=1).index_select(1, bias_rows.flatten())
        return rows.unflatten(1, bias_rows.shape)


class ShiftedWindowAttention(nn.Module):
    """:class:`WindowAttention` under the name that OpenMMLab's checkpoints have for it."""

    def __init__(self, dim: int, num_heads: int, window: int):
        super().__init__()
        self.w_msa = WindowAttention(dim, num_heads, window)

    def forward(self, tokens: Tensor, windows: DenseWindows | VisibleGroups) -> Tensor:
        """See :meth:`WindowAttention.forward`."""
        return self.w_msa(tokens, windows)
