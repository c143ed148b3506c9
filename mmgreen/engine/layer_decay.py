"""Learning rates and decay of weights, layer by layer."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import NamedTuple

from mmengine.logging import MMLogger
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from mmgreen.errors import InputError
from mmgreen.registry import OPTIM_WRAPPER_CONSTRUCTORS

NORMS = (nn.LayerNorm, nn.GroupNorm, _NormBase)
# Last part of the name of what is a table of positions or a token: not a weight that is multiplied.
TABLES = ('pos_embed', 'absolute_pos_embed', 'rel_pos', 'relative_position_bias_table')
TOKENS = ('cls_token', 'mask_token')
DEFAULTS = {
    'layer_decay_rate': 1.0,
    'norm_decay_mult': 0.0,
    'bias_decay_mult': 0.0,
    'flat_decay_mult': 0.0,
    'table_decay_mult': 0.0,
    'custom_keys': {},
}


class Setting(NamedTuple):
    """What parameters of one group share."""

    rate_scale: float
    decay_scale: float


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Lower rates for lower layers of the backbone; no decay where a weight is not a matrix.

    The rate of a backbone's parameter is the optimizer's times
    ``layer_decay_rate ** (num_depths - 1 - depth)``, where the backbone's ``get_layer_depth`` gives
    both numbers, as in BEiT and MAE. Everything outside of the backbone has the full rate. It works
    on any model with such a ``backbone``, a detector or a classifier, and on a backbone alone;
    mmdet's constructor knows ConvNeXt only, and mmpretrain's asks the whole model, which a detector
    cannot answer. Unlike theirs, parameters with equal settings are one group, so that an optimizer
    makes one step for many, and a custom key changes only what it names.

    ``paramwise_cfg``:

    * ``layer_decay_rate``: 1.0, the same rate everywhere, by default.
    * ``norm_decay_mult``, ``bias_decay_mult``, ``flat_decay_mult``, ``table_decay_mult``: factors
      on the decay of norms, biases, other parameters of one dimension, and tables of positions or
      tokens; 0 by default.
    * ``custom_keys``: for parameters whose name contains the key, ``lr_mult`` (on top of that of
      the layer) and ``decay_mult`` (in place of those above). The longest key that fits counts.

    Raises:
        ValueError: if ``paramwise_cfg`` has another key, or layers differ in rate and the model has
            no backbone with ``get_layer_depth``.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        super().__init__(optim_wrapper_cfg, {**DEFAULTS, **(paramwise_cfg or {})})

    def _validate_cfg(self) -> None:
        _refuse_unknown(self.paramwise_cfg, tuple(DEFAULTS), 'paramwise_cfg')
        for key, changes in self.paramwise_cfg['custom_keys'].items():
            _refuse_unknown(changes, ('lr_mult', 'decay_mult'), f'paramwise_cfg.custom_keys.{key}')

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '', **_) -> None:
        """Appends one group for each pair of rate and decay, and logs the groups.

        Args:
            params: list to extend.
            module: the whole model.
            prefix: not used; mmengine's own constructor calls itself with it.
        """
        groups: dict[Setting, list[tuple[str, nn.Parameter]]] = {}
        owners = {
            f'{path}.{name}'.lstrip('.'): owner
            for path, owner in module.named_modules()
            for name, _ in owner.named_parameters(recurse=False)
        }
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                setting = self._setting(module, name, parameter, owners[name])
                groups.setdefault(setting, []).append((name, parameter))
        for setting, members in sorted(groups.items()):
            group = {
                'params': [parameter for _, parameter in members],
                'name': f'rate x {setting.rate_scale:.3g}, decay x {setting.decay_scale:g}',
            }
            if self.base_lr is not None:
                group['lr'] = self.base_lr * setting.rate_scale
            if self.base_wd is not None:
                group['weight_decay'] = self.base_wd * setting.decay_scale
            params.append(group)
        MMLogger.get_current_instance().info(_as_table(params))

    def _setting(
        self, model: nn.Module, name: str, parameter: nn.Parameter, owner: nn.Module
    ) -> Setting:
        """The factors on rate and decay of one parameter."""
        options = self.paramwise_cfg
        fitting = [key for key in options['custom_keys'] if key in name]
        custom = options['custom_keys'][max(sorted(fitting), key=len)] if fitting else {}
        rate_scale = _layer_scale(model, name, options['layer_decay_rate'])
        return Setting(
            rate_scale * custom.get('lr_mult', 1.0),
            custom.get('decay_mult', self._decay_scale(name.split('.')[-1], parameter, owner)),
        )

    def _decay_scale(self, name: str, parameter: nn.Parameter, owner: nn.Module) -> float:
        kinds = {
            'norm_decay_mult': isinstance(owner, NORMS),
            'bias_decay_mult': name == 'bias',
            'table_decay_mult': name.startswith(TABLES) or name in TOKENS,
            'flat_decay_mult': parameter.ndim == 1,
        }
        return next((self.paramwise_cfg[key] for key, fits in kinds.items() if fits), 1.0)


def _layer_scale(model: nn.Module, name: str, decay_rate: float) -> float:
    """The factor on the rate of a parameter that comes from its depth in the backbone."""
    if decay_rate == 1.0:
        return 1.0
    backbone, prefix = getattr(model, 'backbone', None), 'backbone.'
    if backbone is None:
        backbone, prefix = model, ''
    if not hasattr(backbone, 'get_layer_depth'):
        raise InputError(
            f'layer_decay_rate={decay_rate} needs to know how deep a layer lies, and '
            f'{type(backbone).__name__} has no get_layer_depth; set layer_decay_rate=1.0.'
        )
    if not name.startswith(prefix):
        return 1.0
    depth, num_depths = backbone.get_layer_depth(name, prefix)
    return decay_rate ** (num_depths - 1 - depth)


def _refuse_unknown(given: Mapping, known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f'did you mean {nearest[0]}?' if nearest else f'it has {", ".join(known)}.'
            raise InputError(f'{where} has no {key!r}; {hint}')


def _as_table(groups: list[dict]) -> str:
    rows = [
        f'  {group.get("lr", float("nan")):<12.4g}{group.get("weight_decay", 0.0):<14.4g}'
        f'{len(group["params"]):<10}{sum(each.numel() for each in group["params"]) / 1e6:.2f} M'
        for group in groups
    ]
    return '\n'.join(
        [
            'Groups of parameters:',
            f'  {"rate":12}{"weight decay":14}{"tensors":10}parameters',
            *rows,
        ]
    )
