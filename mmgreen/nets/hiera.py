"""Hiera (arXiv 2306.00989) on images and clips, whole or masked, and in windows as in SAM 2.

Names of parameters are those of the official repository.

Letters in shapes: B images, C channels, T frames, H W pixels, t h w tokens in time, rows and
columns, N tokens, U mask units, V visible units.
"""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmgreen.errors import InputError
from mmgreen.nets.contract import VisibleEncoder
from mmgreen.nets.hiera_layers import (
    PATCH_SIZE,
    UNIT_SIDE,
    HieraBlock,
    HieraPatchEmbed,
    RasterOrder,
    UnitOrder,
    unit_shape,
)
from mmgreen.nets.layers import (
    drop_path_rates,
    read_arch,
    read_out_indices,
    reset_transformer_weights,
    run_block,
)
from mmgreen.ops.layout import FRAMES_PER_TOKEN, reroll, unroll
from mmgreen.ops.masking import UNIT_SIZE, unit_indices
from mmgreen.ops.positions import abs_win_table, interpolate_table, tile_table

HIERA_ARCHS = {
    'tiny': dict(embed_dims=96, depths=[1, 2, 7, 2], num_heads=[1, 2, 4, 8]),
    'small': dict(embed_dims=96, depths=[1, 2, 11, 2], num_heads=[1, 2, 4, 8]),
    'base': dict(embed_dims=96, depths=[2, 3, 16, 3], num_heads=[1, 2, 4, 8]),
    'base_plus': dict(embed_dims=112, depths=[2, 3, 16, 3], num_heads=[2, 4, 8, 16]),
    'large': dict(embed_dims=144, depths=[2, 6, 36, 4], num_heads=[2, 4, 8, 16]),
    'huge': dict(embed_dims=256, depths=[2, 6, 36, 4], num_heads=[4, 8, 16, 32]),
}
POSITION_MODES = ('interpolate', 'tile', 'abs_win', 'abs_win_paper')
NUM_UNIT_STAGES = 2  # in which attention stays inside mask units


class HieraPlan(NamedTuple):
    """All that ``masked`` decides about a forward pass, made on the CPU before it."""

    units: Tensor
    """(V,) or (B, V) int64: the visible units, raster order, time outermost."""
    visible: Tensor
    """([t,] rows, columns) or (B, [t,] rows, columns) bool."""

    def to(self, device: torch.device) -> HieraPlan:
        """The same plan on ``device``, without waiting for it."""
        return HieraPlan(*(tensor.to(device, non_blocking=True) for tensor in self))


class HieraEncoder(VisibleEncoder):
    """Hiera for whole images or clips, and for the visible units of masked ones.

    Without ``window_sizes`` attention stays inside mask units in the first two stages and is global
    in the others, as the original's. With them it stays inside square windows, but for a few global
    blocks, as in SAM 2 (arXiv 2408.00714). Either way the first block of a stage attends as the
    stage before, and pools its queries.

    Args:
        arch: 'tiny', 'small', 'base', 'base_plus', 'large', 'huge', or a dict of ``embed_dims``
            (int), ``depths`` and ``num_heads`` (four ints each).
        img_size: pixels that the position table is made for: one number, (height, width), or for
            clips (frames, height, width).
        in_channels: channels of the images.
        drop_path_rate: stochastic depth of the last block; earlier ones have proportionally less.
        out_indices: stages whose maps :meth:`forward` returns.
        out_norms: whether each of those maps has a LayerNorm of its own.
        norm_eps: of every LayerNorm.
        with_cp: recompute blocks in the backward pass: less memory, more time.
        q_pool: how many stages, after the first, begin by halving the resolution: 3, or 2 in
            masked pretraining. The same weights fit.
        window_sizes: tokens a side of the windows of each stage (SAM 2: 8, 4, 14, 7); None for mask
            units and global attention.
        global_blocks: blocks with global attention instead, counted over all stages.
        pos_embed: positions at other sizes than ``img_size``. 'interpolate': the learned table,
            resized (bicubic); 'tile': repeated; 'abs_win': the sum of a table of one mask unit,
            repeated, and a small global one, resized, as in SAM 2; 'abs_win_paper': that sum at
            ``img_size``, repeated (arXiv 2311.05613, whose relative biases are not built).
        global_pos_size: rows and columns of the global table of 'abs_win'.

    Raises:
        ValueError: if ``img_size`` is not whole units, or arguments do not fit each other.
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | tuple[int, ...] = 224,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: tuple[int, ...] = (3,),
        out_norms: bool = False,
        norm_eps: float = 1e-6,
        with_cp: bool = False,
        q_pool: int = 3,
        window_sizes: tuple[int, int, int, int] | None = None,
        global_blocks: tuple[int, ...] = (),
        pos_embed: str = 'interpolate',
        global_pos_size: int = 7,
    ):
        super().__init__()
        sizes = read_arch(arch, HIERA_ARCHS)
        self.embed_dims, self.depths, self.num_heads = (
            sizes[key] for key in ('embed_dims', 'depths', 'num_heads')
        )
        self.img_size = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
        self.dimensions = len(self.img_size)
        self.is_video = self.dimensions == 3
        _check_img_size(self.img_size)
        _check_windows(window_sizes, global_blocks, self.depths, self.is_video)
        if q_pool not in (0, 1, 2, 3):
            raise InputError(f'q_pool must be 0 to 3, not {q_pool}.')
        self.with_cp = with_cp
        self.out_indices = read_out_indices(out_indices)
        self.out_norms = out_norms
        self.q_pool = q_pool
        self.has_windows = window_sizes is not None
        self.window_sizes = tuple(window_sizes) if self.has_windows else None
        self.global_blocks = tuple(global_blocks)
        ends = tuple(accumulate(self.depths))
        self._places = tuple(zip((0, *ends[:3]), ends, strict=True))  # of each stage's blocks
        self.dims = tuple(self.embed_dims * 2**stage for stage in range(4))
        self.out_channels = tuple(self.dims[stage] for stage in self.out_indices)
        self.strides = tuple(PATCH_SIZE * 2 ** min(stage, q_pool) for stage in range(4))
        self.patch_embed = HieraPatchEmbed(in_channels, self.embed_dims, self.is_video)
        self._add_tables(pos_embed, global_pos_size)
        self.blocks = nn.ModuleList(self._blocks(drop_path_rate, norm_eps))
        if out_norms:
            for stage in self.out_indices:
                self.add_module(f'norm{stage}', nn.LayerNorm(self.dims[stage], eps=norm_eps))
        reset_transformer_weights(self)

    def _add_tables(self, mode: str, global_pos_size: int) -> None:
        if mode not in POSITION_MODES:
            raise InputError(f'pos_embed must be one of {POSITION_MODES}, not {mode!r}.')
        if self.is_video and mode != 'interpolate':
            raise InputError(f"Clips have pos_embed='interpolate', not {mode!r}.")
        self.position_mode = mode
        rows, columns = self.token_grid[-2:]
        shapes = {'pos_embed': (1, rows * columns, self.embed_dims)}
        if self.is_video:
            shapes['pos_embed_spatial'] = shapes.pop('pos_embed')
            shapes['pos_embed_temporal'] = (1, self.token_grid[0], self.embed_dims)
        elif mode.startswith('abs_win'):
            shapes['pos_embed'] = (1, self.embed_dims, global_pos_size, global_pos_size)
            shapes['pos_embed_window'] = (1, self.embed_dims, UNIT_SIDE, UNIT_SIDE)
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))
            nn.init.trunc_normal_(getattr(self, name), std=0.02)

    @property
    def token_grid(self) -> tuple[int, ...]:
        """Tokens of an image of ``img_size``: (h, w) or (t, h, w)."""
        steps = (FRAMES_PER_TOKEN, PATCH_SIZE, PATCH_SIZE)[-len(self.img_size) :]
        return tuple(size // step for size, step in zip(self.img_size, steps, strict=True))

    def _blocks(self, drop_path_rate: float, norm_eps: float) -> list[HieraBlock]:
        drop_paths = drop_path_rates(drop_path_rate, sum(self.depths))
        blocks = []
        for stage, depth in enumerate(self.depths):
            for place in range(depth):
                is_first = stage > 0 and place == 0
                pools = is_first and stage <= self.q_pool
                blocks.append(
                    HieraBlock(
                        self.dims[stage - is_first],
                        self.dims[stage],
                        self.num_heads[stage],
                        self._order(len(blocks), stage - is_first, pools),
                        pools,
                        drop_paths[len(blocks)],
                        norm_eps,
                    )
                )
        return blocks

    def _order(self, block: int, stage: int, pools: bool) -> UnitOrder | RasterOrder:
        """How a block stores and cuts its tokens; before it pools it attends as ``stage`` does."""
        if not self.has_windows:
            tokens = (UNIT_SIDE >> min(stage, self.q_pool)) ** 2
            return UnitOrder(tokens if stage < NUM_UNIT_STAGES else 0)
        window = 0 if block in self.global_blocks else self.window_sizes[stage]
        if pools and window % 2:
            raise InputError(
                f'window_sizes[{stage}]={window} is odd, but the first block of stage {stage + 1} '
                'halves its windows; give an even size, or make that block global.'
            )
        return RasterOrder(window, pools)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of whole images.

        Args:
            images: (B, C, H, W) of any size, or clips (B, C, T, H, W) with the frames of
                ``img_size``. Zeros are added at the right and bottom up to multiples of 32, and
                their tokens take part.

        Returns:
            One (B, C_s, [t,] ceil(H / stride_s), ceil(W / stride_s)) for each of ``out_indices``.

        Raises:
            ValueError: if a clip has another number of frames.
        """
        self._check_frames(images)
        height, width = images.shape[-2:]
        images = F.pad(images, (0, -width % UNIT_SIZE, 0, -height % UNIT_SIZE))
        maps = self.patch_embed(images)
        grid = tuple(maps.shape[2:])
        maps = maps + self._positions(grid)
        tokens = (
            maps.permute(0, 2, 3, 1) if self.has_windows else _to_unit_order(maps).flatten(1, 2)
        )
        results = []
        for stage in range(4):
            tokens = self._run(stage, tokens)
            if stage in self.out_indices:
                result = self._as_map(self._normed(tokens, stage), grid)
                rows, columns = (-(-side // self.strides[stage]) for side in (height, width))
                results.append(result[..., :rows, :columns].contiguous())
        return tuple(results)

    def plan_visible(self, masked: Tensor, grid: tuple[int, ...]) -> HieraPlan:
        """See :meth:`VisibleEncoder.plan_visible`.

        Raises:
            ValueError: if the net has windows.
        """
        if self.has_windows:
            raise InputError(
                'forward_visible attends inside mask units and globally; build the net without '
                'window_sizes and global_blocks for pretraining (the same weights fit).'
            )
        return HieraPlan(unit_indices(~masked), (~masked).unflatten(-1, grid))

    def encode_visible(self, images: Tensor, plan: HieraPlan) -> tuple[Tensor, ...]:
        """See :meth:`VisibleEncoder.encode_visible`; four of (B, V_s, C_s), without a norm."""
        batch, grid = len(images), plan.visible.shape[-self.dimensions :]
        units = plan.units.expand(batch, -1)
        tokens = self.patch_embed.forward_visible(images, plan.visible.expand(batch, *grid), units)
        grid = (*grid[:-2], *(UNIT_SIDE * side for side in grid[-2:]))
        positions = _to_unit_order(self._positions(grid))[0]
        tokens = (tokens + positions[units]).flatten(1, 2)
        stages = []
        for stage in range(4):
            tokens = self._run(stage, tokens)
            stages.append(tokens)
        return tuple(stages)

    def unit_grid(self, images: Tensor) -> tuple[int, ...]:
        """See :meth:`VisibleEncoder.unit_grid`.

        Raises:
            ValueError: if the images are not whole units, or a clip has another number of frames.
        """
        self._check_frames(images)
        grid = super().unit_grid(images)
        return (images.shape[2] // FRAMES_PER_TOKEN, *grid) if self.is_video else grid

    def _check_frames(self, images: Tensor) -> None:
        if images.dim() != len(self.img_size) + 2:
            raise InputError(
                f'Images of shape {tuple(images.shape)}: this net takes '
                f'{"clips (B, C, T, H, W)" if self.is_video else "images (B, C, H, W)"}.'
            )
        if self.is_video and images.shape[2] != self.img_size[0]:
            raise InputError(
                f'Clips of {images.shape[2]} frames: this net was built for {self.img_size[0]}; '
                'sample that many, or build it with another img_size.'
            )

    def blocks_of(self, stage: int) -> nn.ModuleList:
        """The blocks of a stage."""
        return self.blocks[slice(*self._places[stage])]

    def _run(self, stage: int, tokens: Tensor) -> Tensor:
        for place in range(*self._places[stage]):
            tokens = run_block(self.blocks[place], tokens, with_cp=self.with_cp)
        return tokens

    def _normed(self, tokens: Tensor, stage: int) -> Tensor:
        return getattr(self, f'norm{stage}')(tokens) if self.out_norms else tokens

    def _as_map(self, tokens: Tensor, grid: tuple[int, ...]) -> Tensor:
        """(B, h, w, C), or (B, N, C) in unit order, to (B, C, [t,] h, w)."""
        if self.has_windows:
            return tokens.permute(0, 3, 1, 2)
        rows, columns = (side // UNIT_SIDE for side in grid[-2:])
        frames = prod(grid[:-2])
        by_unit = tokens.reshape(len(tokens) * frames, rows * columns, -1, tokens.shape[-1])
        maps = reroll(by_unit, (rows, columns))
        return maps.unflatten(0, (-1, frames)).transpose(1, 2) if self.is_video else maps

    def _positions(self, grid: tuple[int, ...]) -> Tensor:
        """(1, C, [t,] h, w) for a map of this size."""
        if self.position_mode == 'abs_win':
            return abs_win_table(self.pos_embed, self.pos_embed_window, grid)
        if self.position_mode == 'abs_win_paper':
            usual = abs_win_table(self.pos_embed, self.pos_embed_window, self.token_grid)
            return tile_table(usual, grid)
        table = self.pos_embed_spatial if self.is_video else self.pos_embed
        table = table.transpose(1, 2).unflatten(2, self.token_grid[-2:])
        resize = tile_table if self.position_mode == 'tile' else interpolate_table
        table = resize(table, grid[-2:])
        if self.is_video:
            return self.pos_embed_temporal.transpose(1, 2)[..., None, None] + table[:, :, None]
        return table


def _to_unit_order(maps: Tensor) -> Tensor:
    """(B, C, [t,] h, w) to (B, U, 64, C), time outermost."""
    batch, channels = maps.shape[:2]
    if maps.dim() == 5:
        maps = maps.transpose(1, 2).flatten(0, 1)
    return unroll(maps, UNIT_SIDE).reshape(batch, -1, UNIT_SIDE**2, channels)


def _check_img_size(img_size: tuple[int, ...]) -> None:
    if len(img_size) not in (2, 3):
        raise InputError(
            f'img_size is a number, (height, width) or (frames, height, width), not {img_size}.'
        )
    unit = unit_shape(len(img_size))
    if any(size < 1 or size % step for size, step in zip(img_size, unit, strict=True)):
        raise InputError(f'img_size must be multiples of {unit}, not {img_size}.')


def _check_windows(
    window_sizes: tuple[int, ...] | None,
    global_blocks: tuple[int, ...],
    depths: list[int],
    is_video: bool,
) -> None:
    if window_sizes is None:
        if global_blocks:
            raise InputError(
                'global_blocks needs window_sizes; without windows the last two stages are global.'
            )
        return
    if is_video:
        raise InputError('Clips are not cut into windows; leave window_sizes at None.')
    if len(window_sizes) != 4 or any(size < 1 for size in window_sizes):
        raise InputError(f'window_sizes must be four sizes in tokens, not {window_sizes}.')
    outside = [block for block in global_blocks if not 0 <= block < sum(depths)]
    if outside:
        raise InputError(
            f'global_blocks names block {outside[0]}, but the net has the blocks 0 to '
            f'{sum(depths) - 1}.'
        )
