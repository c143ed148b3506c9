"""What stands between Hiera and its classifier."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmgreen.registry import MODELS


@MODELS.register_module()
class PooledNorm(BaseModule):
    """The mean over all positions of the last map, normalised: what Hiera classifies.

    mmpretrain's GlobalAveragePooling has no norm, and Hiera's backbone ends without one.

    Args:
        in_channels: C of the last map.
        norm_eps: of the layer norm.
        dropout: share of the channels that training leaves out.
    """

    def __init__(
        self,
        in_channels: int,
        norm_eps: float = 1e-6,
        dropout: float = 0.0,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.norm = nn.LayerNorm(in_channels, eps=norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor]:
        """From maps (B, C, H, W), or (B, C, T, H, W) of clips, to one (B, C)."""
        return (self.dropout(self.norm(maps[-1].flatten(2).mean(2))),)
