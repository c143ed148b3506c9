"""Pictures of reconstructions: original, masked and reconstructed, side by side.

Letters in shapes: B images, C channels, H W pixels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import mmcv
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from torch import Tensor

from mmgreen.checkpoints import (
    convert,
    has_decoder,
    load_pretrained,
    read_checkpoint,
    weights_in,
)
from mmgreen.checkpoints.fitting import unfilled
from mmgreen.datasets import UnlabelledImages
from mmgreen.models import MaskedAutoencoder, PretrainingModel, Reconstruction
from mmgreen.ops.seeding import seeded
from mmgreen.registry import DATASETS, MODELS

COLUMNS = ('original', 'masked', 'reconstruction')
HIDDEN_GRAY = 128
CELL_INCHES = 2.4
DOTS_PER_INCH = 100


def write_sheet(
    config: Config,
    checkpoint: str,
    img_path: str,
    out_file: str,
    num_images: int = 8,
    seed: int = 0,
    paste_visible: bool = True,
    device: str | torch.device = 'cpu',
) -> str:
    """Draws a sheet of an image or of the first images of a folder, and writes it to a file.

    Args:
        config: of the pretraining.
        checkpoint: its weights, decoder included.
        img_path: an image file, or a folder.
        out_file: the picture to write; its ending decides the format.
        num_images: at most so many of a folder.
        seed: of the masks.
        paste_visible: see :func:`reconstruction_sheet`.
        device: where to compute.

    Returns:
        One line that says what was written.

    Raises:
        FileNotFoundError, ValueError, OSError: if a file is missing, the checkpoint has no decoder
            or is another model's, or no image can be read.
    """
    paths = image_files(img_path, num_images)
    sheet = reconstruction_sheet(
        load_model(config, checkpoint, device),
        config.test_dataloader.dataset.pipeline,
        paths,
        labels=label_images(paths, seen_in_pretraining(paths, checkpoint)),
        seed=seed,
        paste_visible=paste_visible,
    )
    mmcv.imwrite(sheet[..., ::-1], out_file)
    return f'{out_file}: {sheet.shape[1]}x{sheet.shape[0]} pixels, from {len(paths)} images'


def reconstruction_sheet(
    model: PretrainingModel,
    pipeline: Sequence[dict],
    paths: Sequence[str],
    labels: Sequence[str] | None = None,
    seed: int = 0,
    paste_visible: bool = True,
) -> np.ndarray:
    """One row per image: the original, what the encoder saw of it, and what the decoder made of it.

    A reconstruction is brought back to pixels: the target's normalisation is undone with the
    statistics of the true patches, then the normalisation of the input.

    Args:
        model: a whole pretraining model, decoder included.
        pipeline: transforms that read an image, as of the config's ``test_dataloader``.
        paths: image files; of several, those that cannot be read are left out, and named in the
            log.
        labels: a line over each row; the files' names by default.
        seed: of the masks; the i-th image of a sheet has the same mask every time.
        paste_visible: show visible patches as they are; False shows what the decoder says of them,
            which it was never trained to say.

    Returns:
        (height, width, 3) uint8, red first.

    Raises:
        OSError: if no image can be read.
    """
    labels = [os.path.basename(path) for path in paths] if labels is None else labels
    was_training = model.training
    model.eval()
    rows, names = [], []
    with torch.no_grad():
        for i, image in _readable(paths, pipeline):
            images = model.data_preprocessor({'inputs': image[None], 'data_samples': None})
            with seeded(seed + i):
                made = model.reconstruct(images['inputs'])
            rows.append(_three_pictures(model, made, paste_visible))
            names.append(labels[i])
    model.train(was_training)
    return _draw(rows, names)


def _readable(paths: Sequence[str], pipeline: Sequence[dict]) -> Iterator[tuple[int, Tensor]]:
    """The images that can be read, (C, H, W), each with its place among the paths."""
    read = Compose(pipeline)
    errors = []
    for i, path in enumerate(paths):
        try:
            yield i, read({'img_path': path})['inputs']
        except OSError as error:
            errors.append(error)
            MMLogger.get_current_instance().warning(f'Left out of the sheet, unreadable: {error}')
    if len(errors) == len(paths):
        raise errors[0]


def _three_pictures(
    model: PretrainingModel, made: Reconstruction, paste_visible: bool
) -> tuple[np.ndarray, ...]:
    original, predicted = (_to_pixels(model, part) for part in (made.images, made.predicted))
    hidden = made.masked[0].cpu().numpy()[..., None]
    seen = np.where(hidden, HIDDEN_GRAY, original).astype(np.uint8)
    return original, seen, np.where(hidden, predicted, original) if paste_visible else predicted


def _to_pixels(model: PretrainingModel, images: Tensor) -> np.ndarray:
    """(1, 3, H, W) normalised to (H, W, 3) uint8, red first."""
    preprocessor = model.data_preprocessor
    image = images[0].float()
    if getattr(preprocessor, '_enable_normalize', False):
        image = image * preprocessor.std + preprocessor.mean
    if not getattr(preprocessor, '_channel_conversion', False):
        image = image.flip(0)
    return image.clamp(0, 255).round().byte().permute(1, 2, 0).cpu().numpy()


def _draw(rows: list[tuple[np.ndarray, ...]], labels: Sequence[str]) -> np.ndarray:
    figure = Figure(
        figsize=(CELL_INCHES * len(COLUMNS), (CELL_INCHES + 0.25) * len(rows) + 0.25),
        dpi=DOTS_PER_INCH,
        layout='constrained',
    )
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), len(COLUMNS), squeeze=False)
    for i, (pictures, label) in enumerate(zip(rows, labels, strict=True)):
        for axis, picture, column in zip(axes[i], pictures, COLUMNS, strict=True):
            axis.imshow(picture)
            axis.set_axis_off()
            if i == 0:
                axis.set_title(column, fontsize=10)
        axes[i, 0].text(
            0, -0.04, label, transform=axes[i, 0].transAxes, fontsize=7, va='top', clip_on=False
        )
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def load_model(config: Config, checkpoint: str, device: str | torch.device) -> PretrainingModel:
    """The pretraining model of ``config`` with the weights of ``checkpoint``, ready for pictures.

    Our models read every format that docs/checkpoints.md lists, a baseline its own checkpoints.

    Raises:
        ValueError: if the config is not one of pretraining, or the checkpoint has no decoder or
            belongs to another model.
    """
    init_default_scope(config.get('default_scope', 'mmpretrain'))
    kind = MODELS.get(config.model.get('type'))
    if not (isinstance(kind, type) and issubclass(kind, PretrainingModel)):
        raise ValueError(
            f'{config.filename} trains a {config.model.get("type")}; a reconstruction needs the '
            'config of a pretraining (model type mmgreen.MaskedAutoencoder, MAE or SimMIM).'
        )
    model = MODELS.build(config.model)
    weights, _ = weights_in(read_checkpoint(checkpoint))
    if isinstance(model, MaskedAutoencoder):
        if not has_decoder(convert(weights, source=checkpoint).state_dict):
            raise ValueError(
                f'{checkpoint} has no decoder, so nothing can be reconstructed with it; take the '
                'checkpoint of the pretraining itself, not of an encoder or a detector.'
            )
        load_pretrained(model, checkpoint, part='model')
    else:
        _load_baseline(model, weights, checkpoint)
    return model.to(device).eval()


def _load_baseline(model: PretrainingModel, weights: dict[str, Tensor], checkpoint: str) -> None:
    lacking = unfilled(model, weights)
    if lacking:
        name, how = next(iter(lacking.items()))
        raise ValueError(
            f'{checkpoint} does not fit this {type(model).__name__}: {len(lacking)} parameters are '
            f'not in it, or have another shape, {name} first ({how}); take the checkpoint of a '
            'pretraining with this config.'
        )
    model.load_state_dict(weights)


def image_files(path: str, limit: int | None = None) -> list[str]:
    """``path`` itself, or the images of the folder ``path``, sorted; at most ``limit``.

    Raises:
        FileNotFoundError: if there is no such file or folder, or no image in the folder.
    """
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise FileNotFoundError(f'There is no file or folder {path}; give one with --img-path.')
    try:
        images = UnlabelledImages(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'The folder {path} holds no image; give another one.') from error
    return [images.get_data_info(i)['img_path'] for i in range(len(images))[:limit]]


def seen_in_pretraining(paths: Sequence[str], checkpoint: str) -> list[bool | None]:
    """Whether each image was among those of the training that wrote ``checkpoint``.

    Returns:
        One of True, False and None each; None where it cannot be known, because the file does not
        say what it was trained on, or that folder is not here.
    """
    meta = read_checkpoint(checkpoint).get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not isinstance(text, str):
        return [None] * len(paths)
    try:
        images = DATASETS.build(Config.fromstring(text, '.py').train_dataloader.dataset)
        trained_on = {
            os.path.realpath(images.get_data_info(i)['img_path']) for i in range(len(images))
        }
    except (FileNotFoundError, AttributeError):
        return [None] * len(paths)
    return [os.path.realpath(path) in trained_on for path in paths]


def label_images(paths: Sequence[str], seen: Sequence[bool | None]) -> list[str]:
    """The name of each file, and whether the model has seen it in pretraining if that is known."""
    endings = {True: ' (seen in pretraining)', False: ' (not seen in pretraining)', None: ''}
    return [os.path.basename(path) + endings[each] for path, each in zip(paths, seen, strict=True)]
