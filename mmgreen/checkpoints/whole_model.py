"""The weights of a whole model from a checkpoint, whatever they are wrapped in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from mmgreen.checkpoints.fitting import fit_weights
from mmgreen.checkpoints.formats import convert, weights_in

__all__ = ['filled_share', 'own_weights', 'translated_weights']


def own_weights(content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Tensor]:
    """The weights in the content of a checkpoint file, under the names that a model has.

    They may stand under ``state_dict``, ``model`` and the like or at the top, and each name behind
    the same further words: ``module.`` of DistributedDataParallel, ``model.``, ``_orig_mod.`` of
    torch.compile. Test and prediction both ask here, so they take the same files.

    Args:
        content: what :func:`mmgreen.checkpoints.read_checkpoint` gives.
        names: of the model's parameters.

    Returns:
        Name -> tensor. Where the file holds several models that fit (a student and a teacher), or
        none, its names are left as they are.
    """
    weights, _ = weights_in(content)
    for name in names:
        found = {key.removesuffix(name) for key in weights if key.endswith(name)}
        roots = {root for root in found if root == '' or root.endswith('.')}
        if '' in roots or len(roots) > 1:
            return weights
        if roots:
            (root,) = roots
            return {
                key.removeprefix(root): value
                for key, value in weights.items()
                if key.startswith(root)
            }
    return weights


def filled_share(module: nn.Module, stored: Mapping[str, Tensor]) -> float:
    """The share of a module's parameters, in elements, that fit by name and shape; 0 to 1."""
    sizes = [
        (each.numel(), getattr(stored.get(name), 'shape', None) == each.shape)
        for name, each in module.named_parameters()
    ]
    return sum(size for size, fits in sizes if fits) / max(1, sum(size for size, _ in sizes))


def translated_weights(
    module: nn.Module, content: Mapping[str, Any], source: str
) -> dict[str, Tensor]:
    """The weights of a file of any known format that a whole model can take, in its names.

    What has the model's own names and shapes is taken as it is; the rest is looked for in the
    other formats, and tables of another size are resized.

    Args:
        module: a pretraining model, a classifier or a detector; not changed.
        content: of the checkpoint file.
        source: what error messages call it.
    """
    own = own_weights(content, [name for name, _ in module.named_parameters()])
    try:
        converted = convert(weights_in(content)[0], source=source)
    except ValueError:  # Another net's file has nothing but its own names.
        return own
    found = {}
    for part in ('backbone', 'neck'):
        inside = getattr(module, part, None)
        has_any = any(name.startswith(f'{part}.') for name in converted.state_dict)
        if isinstance(inside, nn.Module) and has_any:
            taken = fit_weights(part, inside, converted).taken
            found |= {f'{part}.{name}': value for name, value in taken.items()}
    found |= {k: x for k, x in converted.state_dict.items() if k.startswith('head.')}
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    fitting = {name: x for name, x in own.items() if shapes.get(name) == x.shape}
    better = {name: x for name, x in found.items() if shapes.get(name) == x.shape}
    return own | better | fitting
