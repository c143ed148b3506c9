"""A picture of what a pretraining makes of images or clips, as a tool of that name writes it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import mmcv
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmgreen.checkpoints import (
    convert,
    has_decoder,
    load_pretrained,
    own_weights,
    read_checkpoint,
    weights_in,
)
from mmgreen.checkpoints.facts import facts_in
from mmgreen.checkpoints.fitting import check_filled
from mmgreen.datasets.clips import UnlabelledClips
from mmgreen.datasets.images import UnlabelledImages
from mmgreen.datasets.sources import files_of, reads_clips, source_files
from mmgreen.engine.reconstruction_sheet import reconstruction_sheet
from mmgreen.errors import InputError
from mmgreen.models import PretrainingModel
from mmgreen.models.init_from_checkpoint import StartsFromCheckpoint
from mmgreen.registry import MODELS


def write_sheet(
    config: Config,
    checkpoint: str,
    img_path: str,
    out_file: str,
    num_images: int = 8,
    seed: int = 0,
    paste_visible: bool = True,
    device: str | torch.device | None = 'cpu',
) -> str:
    """Draws a sheet of an image or of the first images of a folder, and writes it to a file.

    Where the config is one of clips, everything said of images is said of videos.

    Args:
        config: of the pretraining.
        checkpoint: its weights, decoder included.
        img_path: an image file, or a folder.
        out_file: the picture to write; its ending decides the format.
        num_images: at most so many of a folder.
        seed: of the masks.
        paste_visible: see :func:`reconstruction_sheet`.
        device: where to compute; None takes a GPU if there is one.

    Returns:
        One line that says what was written.

    Raises:
        FileNotFoundError, ValueError, OSError: if a file is missing, the checkpoint has no decoder
            or is another model's, or no image can be read.
    """
    if device is None:
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    dataset = config.test_dataloader.dataset
    kind = UnlabelledClips if reads_clips(dataset) else UnlabelledImages
    paths = source_files(img_path, dataset, num_images)
    sheet = reconstruction_sheet(
        load_model(config, checkpoint, device),
        dataset.pipeline,
        paths,
        labels=label_images(paths, seen_in_pretraining(paths, checkpoint, kind)),
        seed=seed,
        paste_visible=paste_visible,
    )
    mmcv.imwrite(sheet[..., ::-1], out_file)
    return f'{out_file}: {sheet.shape[1]}x{sheet.shape[0]} pixels, from {len(paths)} {kind.kind}s'


def load_model(config: Config, checkpoint: str, device: str | torch.device) -> PretrainingModel:
    """The pretraining model of ``config`` with the weights of ``checkpoint``, ready for pictures.

    Backbones that start from any format that docs/checkpoints.md lists do so here too, others from
    their own checkpoints.

    Raises:
        ValueError: if the config is not one of pretraining, or the checkpoint has no decoder or
            belongs to another model.
    """
    init_default_scope(config.get('default_scope', 'mmpretrain'))
    kind = MODELS.get(config.model.get('type'))
    if not (isinstance(kind, type) and issubclass(kind, PretrainingModel)):
        raise InputError(
            f'{config.filename} trains a {config.model.get("type")}; a reconstruction needs the '
            'config of a pretraining (model type mmgreen.MaskedAutoencoder, MAE or SimMIM).'
        )
    model = MODELS.build(config.model)
    content = read_checkpoint(checkpoint)
    if isinstance(model.backbone, StartsFromCheckpoint):
        if not has_decoder(convert(weights_in(content)[0], source=checkpoint).state_dict):
            raise InputError(
                f'{checkpoint} has no decoder, so nothing can be reconstructed with it; take the '
                'checkpoint of the pretraining itself, not of an encoder or a detector.'
            )
        load_pretrained(model, checkpoint, part='model')
    else:
        advice = 'take the checkpoint of a pretraining with this config.'
        weights = own_weights(content, [name for name, _ in model.named_parameters()])
        check_filled(model, weights, checkpoint, advice)
        shapes = {name: value.shape for name, value in model.state_dict().items()}
        model.load_state_dict(
            {name: x for name, x in weights.items() if shapes.get(name) == x.shape}, strict=False
        )
    return model.to(device).eval()


def seen_in_pretraining(
    paths: Sequence[str], checkpoint: str, kind: type[UnlabelledImages] = UnlabelledImages
) -> list[bool | None]:
    """Whether each image was among those of the training that wrote ``checkpoint``.

    Args:
        paths: of the images, or of videos.
        checkpoint: of the pretraining.
        kind: the data set that it read.

    Returns:
        One of True, False and None each; None where it cannot be known, because the file does not
        say what it was trained on, or that folder is not here or holds other images now.
    """
    trained_on = _images_trained_on(facts_in(read_checkpoint(checkpoint)).get('images'), kind)
    if trained_on is None:
        return [None] * len(paths)
    return [os.path.realpath(path) in trained_on for path in paths]


def _images_trained_on(
    facts: Mapping[str, Any] | None, kind: type[UnlabelledImages]
) -> set[str] | None:
    """Real paths of the images that a checkpoint speaks of; None where they are not to be had."""
    try:
        images = kind(facts['folder'], ann_file=facts['ann_file'])
        if len(images) != facts['number']:
            return None
        return {os.path.realpath(path) for path in files_of(images)}
    except (OSError, TypeError, KeyError):
        return None


def label_images(paths: Sequence[str], seen: Sequence[bool | None]) -> list[str]:
    """The name of each file, and whether the model has seen it in pretraining if that is known."""
    endings = {True: ' (seen in pretraining)', False: ' (not seen in pretraining)', None: ''}
    return [os.path.basename(path) + endings[each] for path, each in zip(paths, seen, strict=True)]
