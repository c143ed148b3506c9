"""The decoder of masked image modelling, as the neck of a pretraining."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from mmengine.model import BaseModule

from mmgreen.nets.decoder import MaskedDecoder
from mmgreen.registry import MODELS


@MODELS.register_module()
class MIMDecoder(MaskedDecoder, BaseModule):
    """The decoder as a neck; arguments are those of :class:`mmgreen.nets.decoder.MaskedDecoder`."""

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
        init_cfg: dict | None = None,
    ):
        super().__init__(
            in_channels=in_channels,
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            img_size=img_size,
            unit_size=unit_size,
            patch_size=patch_size,
            image_channels=image_channels,
            pos_embed=pos_embed,
            norm_eps=norm_eps,
            fused_stages=fused_stages,
            num_targets=num_targets,
            token_size=token_size,
        )
        self.init_cfg = copy.deepcopy(init_cfg)
