"""What stands between a backbone and its heads."""

from __future__ import annotations

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpretrain.models.utils import LayerNorm2d
from torch import Tensor, nn

from mmgreen.registry import MODELS


@MODELS.register_module()
class PooledNorm(BaseModule):
    """The mean over all positions of the last map, normalised: what Hiera classifies.

    mmpretrain's GlobalAveragePooling has no norm, and Hiera's backbone ends without one.

    Args:
        in_channels: C of the last map.
        norm_eps: of the layer norm.
    """

    def __init__(self, in_channels: int, norm_eps: float = 1e-6, init_cfg: dict | None = None):
        super().__init__(init_cfg)
        self.norm = nn.LayerNorm(in_channels, eps=norm_eps)

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor]:
        """From maps (B, C, H, W), or (B, C, T, H, W) of clips, to one (B, C)."""
        return (self.norm(maps[-1].flatten(2).mean(2)),)


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
