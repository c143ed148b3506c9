"""Backbones: the nets with the duties that mmpretrain and mmdet expect of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from torch import nn

from mmgreen.errors import InputError
from mmgreen.models.init_from_checkpoint import StartsFromCheckpoint
from mmgreen.nets.hiera import HieraEncoder
from mmgreen.nets.swin import SwinEncoder
from mmgreen.nets.twins import TwinsEncoder
from mmgreen.registry import MODELS


class Backbone(StartsFromCheckpoint):
    """What all backbones share: they start from a checkpoint, and their first parts can be frozen.

    A net comes first among the bases, so that its parameters get no prefix.
    """

    checkpoint_part = 'backbone'
    frozen_stages: int

    def _set_up(self, frozen_stages: int, init_cfg: dict | None) -> None:
        """The last step of construction."""
        if not -1 <= frozen_stages <= 4:
            raise InputError(f'frozen_stages must lie in -1..4, not {frozen_stages}.')
        self.frozen_stages = frozen_stages
        self.init_cfg = copy.deepcopy(init_cfg)
        self._freeze()

    def train(self, mode: bool = True) -> Backbone:
        """As in torch, but frozen stages stay in evaluation mode."""
        super().train(mode)
        self._freeze()
        return self

    def _freeze(self) -> None:
        for part in self._frozen():
            part.requires_grad_(False)
            if isinstance(part, nn.Module):
                part.eval()

    def _frozen(self) -> Iterator[nn.Module | nn.Parameter]:
        """What ``frozen_stages`` freezes."""
        raise NotImplementedError

    def encoding_facts(self, pretraining: bool) -> dict[str, str]:
        """What of this encoder should be the same in a pretraining and after it, in words.

        Args:
            pretraining: whether visible tokens are encoded, or whole images.
        """
        return {}


@MODELS.register_module()
class GreenSwin(SwinEncoder, Backbone):
    """Swin transformer that also runs on the visible tokens of masked images (GreenMIM).

    A drop-in for mmpretrain's and mmdet's SwinTransformer: same parameter names, same outputs.

    Args:
        arch, img_size, in_channels, window_size, drop_path_rate, out_indices, norm_eps, with_cp,
            pad_small_map, mask_padding: see :class:`mmgreen.nets.swin.SwinEncoder`.
        frozen_stages: 0 freezes the patch embedding, k also the first k stages, -1 nothing.
        init_cfg: ``dict(type='Pretrained', checkpoint=PATH)`` to start from a file, in any format
            that docs/checkpoints.md lists.
    """

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
        mask_padding: bool = False,
        init_cfg: dict | None = None,
    ):
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
            mask_padding=mask_padding,
        )
        self._set_up(frozen_stages, init_cfg)

    def encoding_facts(self, pretraining: bool) -> dict[str, str]:
        """See :meth:`Backbone.encoding_facts`."""
        left_out = pretraining or (self.mask_padding and not self.pad_small_map)
        return {
            'windows': f'{self.window_size} tokens',
            'padding of windows': 'left out' if left_out else 'attended to',
        }

    def _frozen(self) -> Iterator[nn.Module]:
        if self.frozen_stages >= 0:
            yield self.patch_embed
        for i in range(self.frozen_stages):
            yield self.stages[i]
            if i in self.out_indices:
                yield getattr(self, f'norm{i}')

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


@MODELS.register_module()
class GreenTwins(TwinsEncoder, Backbone):
    """Twins-SVT and Twins-PCPVT that also run on the visible tokens of masked images (GreenMIM).

    A drop-in for mmpretrain's SVT and PCPVT: same parameter names, same outputs. Where only one
    side of a map has to be padded to whole windows, padding is no key here, as where both have to
    be; mmpretrain loses its mask there.

    Args:
        arch, img_size, in_channels, drop_path_rate, out_indices, qkv_bias, norm_after_stage,
            with_cp: see :class:`mmgreen.nets.twins.TwinsEncoder`.
        frozen_stages: 0 freezes the first patch embedding, k also the first k stages with the
            embeddings between them, -1 nothing.
        norm_cfg: ``dict(type='LN', eps=...)``; 1e-5 if no eps is given. The norms of the patch
            embeddings have 1e-5 in any case, as in mmpretrain.
        init_cfg: ``dict(type='Pretrained', checkpoint=PATH)`` to start from a file, in any format
            that docs/checkpoints.md lists.

    Raises:
        ValueError: if ``norm_cfg`` is no layer norm, or other arguments do not fit.
    """

    def __init__(
        self,
        arch: str | dict = 'svt_base',
        img_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: tuple[int, ...] = (3,),
        frozen_stages: int = -1,
        qkv_bias: bool = False,
        norm_after_stage: bool | Sequence[bool] = False,
        norm_cfg: dict | None = None,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ):
        norm_cfg = norm_cfg or dict(type='LN')
        if norm_cfg.get('type') != 'LN' or set(norm_cfg) - {'type', 'eps'}:
            raise InputError(f"norm_cfg must be dict(type='LN', eps=...), not {norm_cfg}.")
        super().__init__(
            arch=arch,
            img_size=img_size,
            in_channels=in_channels,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            qkv_bias=qkv_bias,
            norm_after_stage=norm_after_stage,
            norm_eps=norm_cfg.get('eps', 1e-5),
            with_cp=with_cp,
        )
        self._set_up(frozen_stages, init_cfg)

    def _frozen(self) -> Iterator[nn.Module]:
        if self.frozen_stages >= 0:
            yield self.patch_embeds[0]
        for i in range(self.frozen_stages):
            yield from (self.patch_embeds[i], self.stages[i], self.position_encodings[i])
            yield getattr(self, f'norm_after_stage{i}')

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay.

        Args:
            param_name: name of the parameter in the whole model.
            prefix: what precedes this backbone's own names, such as 'backbone.'.

        Returns:
            The depth, and the number of depths: 0 for the first patch embedding, one for each
            block, later patch embeddings and norms as the block before them, position encodings as
            the first block of their stage, the last for all that follows the blocks.
        """
        num_depths = sum(self.depths) + 2
        name = param_name.removeprefix(prefix).split('.')
        if not param_name.startswith(prefix) or name[0] == 'norm_after_stage3':
            return num_depths - 1, num_depths
        if name[0].startswith('norm_after_stage'):
            return sum(self.depths[: int(name[0][-1]) + 1]), num_depths
        before = sum(self.depths[: int(name[1])])
        if name[0] == 'stages':
            return before + int(name[2]) + 1, num_depths
        return before + (name[0] == 'position_encodings'), num_depths


@MODELS.register_module()
class Hiera(HieraEncoder, Backbone):
    """Hiera for images and clips, with mask units or in windows as in SAM 2.

    Args:
        arch, img_size, in_channels, drop_path_rate, out_indices, out_norms, norm_eps, with_cp,
            q_pool, window_sizes, global_blocks, pos_embed, global_pos_size: see
            :class:`mmgreen.nets.hiera.HieraEncoder`.
        frozen_stages: 0 freezes the patch embedding and the position tables, k also the first k
            stages, -1 nothing.
        init_cfg: ``dict(type='Pretrained', checkpoint=PATH)`` to start from a file, in any format
            that docs/checkpoints.md lists.
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | tuple[int, ...] = 224,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: tuple[int, ...] = (3,),
        out_norms: bool = False,
        frozen_stages: int = -1,
        norm_eps: float = 1e-6,
        with_cp: bool = False,
        q_pool: int = 3,
        window_sizes: tuple[int, int, int, int] | None = None,
        global_blocks: tuple[int, ...] = (),
        pos_embed: str = 'interpolate',
        global_pos_size: int = 7,
        init_cfg: dict | None = None,
    ):
        super().__init__(
            arch=arch,
            img_size=img_size,
            in_channels=in_channels,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            out_norms=out_norms,
            norm_eps=norm_eps,
            with_cp=with_cp,
            q_pool=q_pool,
            window_sizes=window_sizes,
            global_blocks=global_blocks,
            pos_embed=pos_embed,
            global_pos_size=global_pos_size,
        )
        self._set_up(frozen_stages, init_cfg)

    def encoding_facts(self, pretraining: bool) -> dict[str, str]:
        """See :meth:`Backbone.encoding_facts`."""
        return {
            'windows': str(self.window_sizes) if self.has_windows else 'mask units, then global',
            'positions': self.position_mode,
            'position table for': 'x'.join(map(str, self.img_size)),
        }

    def _frozen(self) -> Iterator[nn.Module | nn.Parameter]:
        if self.frozen_stages >= 0:
            yield self.patch_embed
            yield from (x for name, x in self.named_parameters() if name.startswith('pos_embed'))
        for i in range(self.frozen_stages):
            yield self.blocks_of(i)
            if self.out_norms and i in self.out_indices:
                yield getattr(self, f'norm{i}')

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay, as Hiera's authors count it.

        Args:
            param_name: name of the parameter in the whole model.
            prefix: what precedes this backbone's own names, such as 'backbone.'.

        Returns:
            The depth, and the number of depths: 0 for patch embedding and position tables, one for
            each block; what follows the blocks has the depth of the last.
        """
        num_depths = sum(self.depths) + 1
        name = param_name.removeprefix(prefix).split('.')
        if param_name.startswith(prefix):
            if name[0] == 'patch_embed' or name[0].startswith('pos_embed'):
                return 0, num_depths
            if name[0] == 'blocks':
                return int(name[1]) + 1, num_depths
        return num_depths - 1, num_depths
