"""From the visible tokens of an encoder to a prediction for every patch of the image.

Letters in shapes: B images, U units, T tokens in a unit, L = U * T tokens, V of them visible, P
target patches, v values of a patch, D channels of the decoder. A token stands for one patch, or for
several.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmgreen.errors import InputError
from mmgreen.nets.layers import Mlp, check_heads, convolve_unit_order, reset_transformer_weights
from mmgreen.ops.choices import take_places
from mmgreen.ops.layout import FRAMES_PER_TOKEN, unroll
from mmgreen.ops.masking import unit_grid, unit_indices
from mmgreen.ops.positions import sincos_table


class Attention(nn.Module):
    """Attention among all tokens (ViT)."""

    def __init__(self, dim: int, num_heads: int):
        super().__init__()
        check_heads(dim, num_heads)
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L, D) in and out."""
        qkv = self.qkv(tokens).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    """Attention and an MLP, each behind a norm and added to what went in (ViT)."""

    def __init__(self, dim: int, num_heads: int, norm_eps: float):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = Mlp(dim, 4 * dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L, D) in and out."""
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class MultiScaleFusion(nn.Module):
    """The stages of an encoder, brought to the last one's resolution and width, and added (Hiera).

    Args:
        in_channels: of the four stages.
        stages: which of them to fuse; the last must be among them, and is added as it is.
        unit_sides: tokens a side of a unit in each stage.
        norm_eps: of the norm behind the sum.
        is_video: whether the kernels have a dimension for time, of size 1.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        stages: Sequence[int],
        unit_sides: Sequence[int],
        norm_eps: float,
        is_video: bool,
    ):
        super().__init__()
        self.convs = nn.ModuleDict()
        for stage in stages[:-1]:
            side = unit_sides[stage] // unit_sides[-1]
            conv, kernel = (nn.Conv3d, (1, side, side)) if is_video else (nn.Conv2d, (side, side))
            self.convs[str(stage)] = conv(in_channels[stage], in_channels[-1], kernel, kernel)
        self.norm = nn.LayerNorm(in_channels[-1], eps=norm_eps)

    def forward(self, stages: tuple[Tensor, ...]) -> Tensor:
        """Four of (B, V_s, C_s) in unit order to (B, V, C) of the last stage."""
        fused = stages[-1]
        for stage, conv in self.convs.items():
            fused = fused + convolve_unit_order(stages[int(stage)], conv)
        return self.norm(fused)


class MaskedDecoder(nn.Module):
    """The decoder of MAE: mask tokens stand in for what was hidden, transformer blocks fill them.

    Takes the last stage of an encoder, or several stages fused. Tokens, positions and predictions
    are in unit order, which is raster order where a unit is one token (Swin).

    Args:
        in_channels: channels of the encoder's last stage, or with ``fused_stages`` of all four.
        embed_dim: D.
        depth: transformer blocks.
        num_heads: of each block.
        img_size: pixels of the images, one number for squares or (height, width); of clips
            (frames, height, width).
        unit_size: pixels a side of a mask unit.
        patch_size: pixels a side of a patch to predict.
        token_size: pixels a side of what a token of the last stage stands for, in which lie whole
            patches; None: one patch.
        image_channels: channels of the images.
        pos_embed: 'sincos' (fixed, a buffer) or 'learned' (a parameter that begins as that table).
        norm_eps: of every LayerNorm.
        fused_stages: stages to add up before, see :class:`MultiScaleFusion`; (0, 1, 2, 3) is Hiera
            as published, (0, 1, 3) its code, and None takes the last stage alone.
        num_targets: v, values to predict for each patch; None: its pixels.

    Raises:
        ValueError: if the unit does not divide the images, the token does not divide the unit, the
            token is not a power of two times the patch, ``pos_embed`` is neither of the two, or
            ``fused_stages`` and ``in_channels`` do not fit.
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        embed_dim: int = 512,
        depth: int = 1,
        num_heads: int = 16,
        img_size: int | tuple[int, ...] = 224,
        unit_size: int = 32,
        patch_size: int = 32,
        image_channels: int = 3,
        pos_embed: str = 'sincos',
        norm_eps: float = 1e-6,
        fused_stages: Sequence[int] | None = None,
        num_targets: int | None = None,
        token_size: int | None = None,
    ):
        super().__init__()
        *frames, height, width = (img_size,) * 2 if isinstance(img_size, int) else img_size
        rows, columns = unit_grid(height, width, unit_size)
        # Those of a clip's frames one below the other.
        self.grid = (rows * (frames[0] // FRAMES_PER_TOKEN if frames else 1), columns)
        if depth < 0:
            raise InputError(f'depth={depth} is no number of blocks; give 0 or more.')
        if unit_size % patch_size:
            raise InputError(f'patch_size={patch_size} does not divide unit_size={unit_size}.')
        token_size = token_size or patch_size
        _check_token(token_size, patch_size, unit_size)
        self.side = unit_size // token_size
        self.patches_per_token = (token_size // patch_size) ** 2
        self.fusion = None
        if fused_stages is not None:
            _check_fusion(in_channels, fused_stages)
            # Four stages halve the resolution of a unit, down to the last one's.
            sides = [max(unit_size // (4 * 2**stage), self.side) for stage in range(4)]
            self.fusion = MultiScaleFusion(
                in_channels, fused_stages, sides, norm_eps, is_video=bool(frames)
            )
            in_channels = in_channels[-1]
        self.embed = nn.Linear(in_channels, embed_dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        table = sincos_table(embed_dim, (self.grid[0] * self.side, self.grid[1] * self.side))[None]
        if pos_embed == 'sincos':
            self.register_buffer('pos_embed', table)
        elif pos_embed == 'learned':
            self.pos_embed = nn.Parameter(table)
        else:
            raise InputError(f"pos_embed must be 'sincos' or 'learned', not {pos_embed!r}.")
        self.blocks = nn.ModuleList(
            TransformerBlock(embed_dim, num_heads, norm_eps) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dim, eps=norm_eps)
        num_values = num_targets or patch_size**2 * image_channels
        self.pred = nn.Linear(embed_dim, self.patches_per_token * num_values)
        reset_transformer_weights(self)
        nn.init.normal_(self.mask_token, std=0.02)

    def check_grid(self, grid: tuple[int, ...]) -> None:
        """Refuses images of other rows and columns of units than the positions are made for.

        Args:
            grid: (rows, columns) of units, for clips (t, rows, columns).

        Raises:
            ValueError: names both; 6 x 10 and 10 x 6 units are as many, and lie elsewhere.
        """
        rows, columns = prod(grid[:-1]), grid[-1]
        if (rows, columns) != self.grid:
            raise InputError(
                f'The images have {rows}x{columns} mask units (rows x columns), the decoder was '
                f'built for {self.grid[0]}x{self.grid[1]}; set its img_size to (height, width) of '
                "the images, or the pipeline's scale, which is (width, height)."
            )

    def forward(self, stages: tuple[Tensor, ...], masked: Tensor) -> Tensor:
        """A prediction for every patch, visible ones included.

        Args:
            stages: four, the last (B, V, in_channels), visible tokens in unit order.
            masked: (U,) or (B, U) bool on the CPU, True = hidden.

        Returns:
            (B, P, v), unit order.

        Raises:
            ValueError: if the images have another number of units than ``img_size`` has, or a unit
                another number of tokens than ``token_size`` says.
        """
        if masked.shape[-1] != self.grid[0] * self.grid[1]:
            raise InputError(
                f'The images have {masked.shape[-1]} mask units, the decoder was built for '
                f'{self.grid[0]}x{self.grid[1]}; set its img_size to the size of the images.'
            )
        self._check_tokens(stages[-1], masked)
        visible = stages[-1] if self.fusion is None else self.fusion(stages)
        tokens = self._fill_in(self.embed(visible), masked)
        tokens = tokens + self._positions()
        for block in self.blocks:
            tokens = block(tokens)
        # In unit order the patches of a token follow each other.
        pred = self.pred(self.norm(tokens)).unflatten(-1, (self.patches_per_token, -1))
        return pred.flatten(1, 2)

    def _check_tokens(self, tokens: Tensor, masked: Tensor) -> None:
        visible = int((~masked).sum()) // (len(masked) if masked.dim() == 2 else 1)
        if tokens.shape[1] != visible * self.side**2:
            raise InputError(
                f'The last stage has {tokens.shape[1]} tokens in {visible} visible mask units, the '
                f'decoder was built for {self.side**2} in each; set its token_size (or, if a token '
                'is to predict one patch, patch_size) to the pixels a side that a token stands for.'
            )

    def _fill_in(self, tokens: Tensor, masked: Tensor) -> Tensor:
        """(B, V, D) to (B, L, D): visible tokens in their places, the mask token elsewhere."""
        count = self.side**2
        units = unit_indices(~masked)
        # Where each token comes from: a visible token, or the mask token put behind them all.
        source = torch.full((*masked.shape, count), tokens.shape[1])
        visible = torch.arange(tokens.shape[1]).view(-1, count)
        places = units[..., None].expand(*units.shape, count)
        source.scatter_(-2, places, visible.expand_as(places))
        source = source.flatten(-2).to(tokens.device, non_blocking=True)
        mask_token = self.mask_token.to(tokens.dtype).expand(len(tokens), -1, -1)
        pool = torch.cat([tokens, mask_token], dim=1)
        return take_places(pool, source)

    def _positions(self) -> Tensor:
        """(1, L, D): the table, which is stored in raster order, in unit order."""
        if self.side == 1:
            return self.pos_embed
        rows, columns = self.grid[0] * self.side, self.grid[1] * self.side
        maps = self.pos_embed.unflatten(1, (rows, columns)).permute(0, 3, 1, 2)
        return unroll(maps, self.side).flatten(1, 2)


def _check_token(token_size: int, patch_size: int, unit_size: int) -> None:
    patches = token_size // patch_size
    if token_size % patch_size or patches & (patches - 1):
        raise InputError(
            f'token_size={token_size} must be patch_size={patch_size} times a power of two.'
        )
    if unit_size % token_size:
        raise InputError(f'token_size={token_size} does not divide unit_size={unit_size}.')


def _check_fusion(in_channels: int | Sequence[int], fused_stages: Sequence[int]) -> None:
    if isinstance(in_channels, int) or len(in_channels) != 4:
        raise InputError(
            f'fused_stages needs in_channels of all four stages, not {in_channels}; give a list.'
        )
    stages = list(fused_stages)
    if stages != sorted(set(stages)) or not set(stages) <= {0, 1, 2, 3} or stages[-1] != 3:
        raise InputError(
            f'fused_stages must be some of 0, 1, 2 in this order, and then 3, not {stages}.'
        )
