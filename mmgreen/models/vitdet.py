"""ViTDet (arXiv 2203.16527): mmpretrain's plain backbone, started as ours are, and its pyramid."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpretrain.models.backbones import ViTSAM
from mmpretrain.models.utils import LayerNorm2d, resize_pos_embed
from torch import Tensor, nn

from mmgreen.models.init_from_checkpoint import StartsFromCheckpoint
from mmgreen.nets.layers import run_block
from mmgreen.registry import MODELS


@MODELS.register_module()
class ViTDet(StartsFromCheckpoint, ViTSAM):
    """A ViT with 14x14 windows, a few global blocks and relative positions; one map, stride 16.

    mmpretrain's ViTSAM without its last convolutions, which equals the original. Three things
    differ: the position table keeps the size of pretraining and is resized in every forward pass,
    as in the original; a checkpoint is read in any format that docs/checkpoints.md lists; and
    ``with_cp``.

    Args:
        arch: 'base', 'large', 'huge', or a dict with mmpretrain's keys, ``global_attn_indexes``
            included.
        img_size: pixels a side that the relative positions of the global blocks are made for; any
            size is taken, multiples of 16.
        pretrain_img_size: pixels a side that the position table is made for.
        in_channels: channels of the images.
        drop_path_rate: stochastic depth of the last block; earlier ones have proportionally less.
        window_size: tokens a side of a window.
        frozen_stages: k > 0 freezes the embedding and the first k blocks.
        with_cp: recompute blocks in the backward pass: less memory, more time.
        init_cfg: ``dict(type='Pretrained', checkpoint=PATH)``.
    """

    checkpoint_part = 'backbone'

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int = 1024,
        pretrain_img_size: int = 224,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        window_size: int = 14,
        frozen_stages: int = -1,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(
            arch=arch,
            img_size=img_size,
            in_channels=in_channels,
            out_channels=0,
            drop_path_rate=drop_path_rate,
            window_size=window_size,
            init_cfg=init_cfg,
        )
        self.patch_resolution = 2 * (pretrain_img_size // self.patch_embed.projection.stride[0],)
        self.pos_embed = nn.Parameter(torch.empty(1, *self.patch_resolution, self.embed_dims))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        self.frozen_stages = frozen_stages
        if frozen_stages > 0:
            self._freeze_stages()
        self.with_cp = with_cp

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """(B, C, H, W), sides multiples of 16, to one map (B, embed_dims, H / 16, W / 16)."""
        tokens, size = self.patch_embed(images)
        positions = resize_pos_embed(
            self.pos_embed.flatten(1, 2), self.patch_resolution, size, num_extra_tokens=0
        )
        tokens = (tokens + positions).unflatten(1, size)
        for layer in self.layers:
            tokens = run_block(layer, tokens, with_cp=self.with_cp)
        return (tokens.permute(0, 3, 1, 2),)

    def train(self, mode: bool = True) -> ViTDet:
        """As in torch; the host's returns None."""
        super().train(mode)
        return self


@MODELS.register_module()
class SimpleFeaturePyramid(BaseModule):
    """Strides 4 to 64 from the last map of a plain ViT (ViTDet, arXiv 2203.16527, section 3).

    Strides 4 and 8 by transposed convolutions, 16 as it is, 32 by max-pooling; each then goes
    through a 1x1 and a 3x3 convolution with layer norms; stride 64 is every second place of 32.

    Args:
        in_channels: C of the map of stride 16, a multiple of 4.
        out_channels: of every map.
        norm_eps: of every layer norm.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 256,
        norm_eps: float = 1e-6,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        half, quarter = in_channels // 2, in_channels // 4
        self.resize = nn.ModuleList(
            [
                nn.Sequential(
                    nn.ConvTranspose2d(in_channels, half, 2, 2),
                    LayerNorm2d(half, eps=norm_eps),
                    nn.GELU(),
                    nn.ConvTranspose2d(half, quarter, 2, 2),
                ),
                nn.ConvTranspose2d(in_channels, half, 2, 2),
                nn.Identity(),
                nn.MaxPool2d(2, 2),
            ]
        )
        norm = dict(norm_cfg=dict(type='mmpretrain.LN2d', eps=norm_eps), act_cfg=None)
        self.project = nn.ModuleList(
            nn.Sequential(
                ConvModule(channels, out_channels, 1, **norm),
                ConvModule(out_channels, out_channels, 3, padding=1, **norm),
            )
            for channels in (quarter, half, in_channels, in_channels)
        )

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """From maps of which the last is (B, C, h, w) to five, of strides 4, 8, 16, 32, 64."""
        pyramid = [
            project(resize(maps[-1]))
            for resize, project in zip(self.resize, self.project, strict=True)
        ]
        return (*pyramid, F.max_pool2d(pyramid[-1], 1, 2))
