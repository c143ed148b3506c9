"""Backbones: the nets with the duties that mmpretrain and mmdet expect of them."""

from __future__ import annotations

import copy

from torch import nn

from mmgreen.models.start import StartsFromCheckpoint
from mmgreen.nets.swin import SwinEncoder
from mmgreen.registry import MODELS


def freeze(module: nn.Module) -> None:
    """No gradient, and evaluation mode until the next call of ``train``."""
    module.eval()
    module.requires_grad_(False)


@MODELS.register_module()
class GreenSwin(SwinEncoder, StartsFromCheckpoint):
    """Swin transformer that also runs on the visible tokens of masked images (GreenMIM).

    A drop-in for mmpretrain's and mmdet's SwinTransformer: same parameter names, same outputs.

    Args:
        arch, img_size, in_channels, window_size, drop_path_rate, out_indices, norm_eps, with_cp,
            pad_small_map: see :class:`mmgreen.nets.swin.SwinEncoder`.
        frozen_stages: 0 freezes the patch embedding, k also the first k stages, -1 nothing.
        init_cfg: ``dict(type='Pretrained', checkpoint=PATH)`` to start from a file, in any format
            that docs/checkpoints.md lists.
    """

    checkpoint_part = 'backbone'

    def __init__(
        self,
        arch: str | dict = 'tiny',
        img_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        window_size: int = 7,
        drop_path_rate: float = 0.1,
        out_indices: tuple[int, ...] = (3,),
        frozen_stages: int = -1,
        norm_eps: float = 1e-5,
        with_cp: bool = False,
        pad_small_map: bool = False,
        init_cfg: dict | None = None,
    ):
        if not -1 <= frozen_stages <= 4:
            raise ValueError(f'frozen_stages must lie in -1..4, not {frozen_stages}.')
        super().__init__(
            arch=arch,
            img_size=img_size,
            in_channels=in_channels,
            window_size=window_size,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            norm_eps=norm_eps,
            with_cp=with_cp,
            pad_small_map=pad_small_map,
        )
        self.frozen_stages = frozen_stages
        self.init_cfg = copy.deepcopy(init_cfg)
        self._freeze()

    def train(self, mode: bool = True) -> GreenSwin:
        """As in torch, but frozen stages stay in evaluation mode."""
        super().train(mode)
        self._freeze()
        return self

    def _freeze(self) -> None:
        if self.frozen_stages >= 0:
            freeze(self.patch_embed)
        for i in range(self.frozen_stages):
            freeze(self.stages[i])
            if i in self.out_indices:
                freeze(getattr(self, f'norm{i}'))

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay, as mmpretrain counts it.

        Args:
            param_name: name of the parameter in the whole model.
            prefix: what precedes this backbone's own names, such as 'backbone.'.

        Returns:
            The depth, and the number of depths: 0 for the patch embedding, one for each block,
            patch merging as the block before it, the last for all that follows the blocks.
        """
        num_depths = sum(self.depths) + 2
        if not param_name.startswith(prefix):
            return num_depths - 1, num_depths
        name = param_name[len(prefix) :].split('.')
        if name[0] == 'patch_embed':
            return 0, num_depths
        if name[0] != 'stages':
            return num_depths - 1, num_depths
        stage = int(name[1])
        if name[2] == 'downsample':
            return sum(self.depths[: stage + 1]), num_depths
        return sum(self.depths[:stage]) + int(name[3]) + 1, num_depths
