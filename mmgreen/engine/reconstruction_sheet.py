"""Pictures of reconstructions: original, masked and reconstructed, side by side.

Of clips they are rows of frames, one below the other.

Letters in shapes: B images, C channels, T frames, H W pixels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.logging import MMLogger
from torch import Tensor

from mmgreen.datasets.seeding import seeded
from mmgreen.models import PretrainingModel, Reconstruction

LONGEST_LABEL = 100  # characters that fit under a row
COLUMNS = ('original', 'masked', 'reconstruction')
HIDDEN_GRAY = 128
CELL_INCHES = 2.4
FILM_INCHES = 8.0
GAP = 2  # pixels between frames
NAME_INCHES = 0.25
DOTS_PER_INCH = 100


def reconstruction_sheet(
    model: PretrainingModel,
    pipeline: Sequence[dict],
    paths: Sequence[str],
    labels: Sequence[str] | None = None,
    seed: int = 0,
    paste_visible: bool = True,
) -> np.ndarray:
    """One row per image: the original, what the encoder saw of it, and what the decoder made of it.

    Of a clip these are three rows of frames, of each two the first, which is what is predicted.

    A reconstruction is brought back to pixels: the target's normalisation is undone with the
    statistics of the true patches, then the normalisation of the input.

    Args:
        model: a whole pretraining model, decoder included.
        pipeline: transforms that read an image or one clip, as of the config's ``test_dataloader``.
        paths: files of images or videos; of several, those that cannot be read are left out, and
            named in the log.
        labels: a line over each row; the files' names by default.
        seed: of the masks; the i-th image of a sheet has the same mask every time.
        paste_visible: show visible patches as they are; False shows what the decoder says of them,
            which it was never trained to say.

    Returns:
        (height, width, 3) uint8, red first.

    Raises:
        OSError: if none can be read.
    """
    labels = [os.path.basename(path) for path in paths] if labels is None else labels
    was_training = model.training
    model.eval()
    rows, names, num_frames = [], [], 1
    with torch.no_grad():
        for i, image in _readable(paths, pipeline):
            images = model.data_preprocessor({'inputs': image[None], 'data_samples': None})
            with seeded(seed + i):
                made = model.reconstruct(images['inputs'])
            num_frames = made.images.shape[-2] // images['inputs'].shape[-2]
            pictures = _three_pictures(model, made, paste_visible)
            rows.append([_frames_in_a_row(each, num_frames) for each in pictures])
            names.append(labels[i])
    model.train(was_training)
    return _draw(rows, names, is_film=num_frames > 1)


def _readable(paths: Sequence[str], pipeline: Sequence[dict]) -> Iterator[tuple[int, Tensor]]:
    """What can be read, (C, H, W) or (C, T, H, W), each with its place among the paths."""
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
        mean, deviation = (each.view(-1, 1, 1) for each in (preprocessor.mean, preprocessor.std))
        image = image * deviation + mean
    # The first is mmengine's and mmpretrain's name for images, the second mmpretrain's for clips.
    names = ('_channel_conversion', 'to_rgb')
    if not any(getattr(preprocessor, name, False) for name in names):
        image = image.flip(0)
    return image.clamp(0, 255).round().byte().permute(1, 2, 0).cpu().numpy()


def _frames_in_a_row(strip: np.ndarray, number: int) -> np.ndarray:
    """(T * H, W, 3) to (H, T * W, 3), with a white line between frames."""
    apart = np.pad(strip, ((0, 0), (0, GAP), (0, 0)), constant_values=255)
    return np.concatenate(np.split(apart, number), axis=1)[:, :-GAP]


def _shortened(label: str) -> str:
    """The label, without its middle where it is longer than a row."""
    if len(label) <= LONGEST_LABEL:
        return label
    begin = LONGEST_LABEL // 2
    return f'{label[: begin - 1]}…{label[begin - LONGEST_LABEL :]}'


def _draw(
    rows: list[Sequence[np.ndarray]], labels: Sequence[str], is_film: bool = False
) -> np.ndarray:
    # Not at the top: who trains without pictures need not wait for it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = rows[0][0].shape[:2]
    shape = (len(COLUMNS), 1) if is_film else (1, len(COLUMNS))  # pictures of one image or clip
    cell = (FILM_INCHES, FILM_INCHES * height / width + 0.2) if is_film else (CELL_INCHES,) * 2
    inches = (cell[1] * shape[0] + NAME_INCHES) * len(rows) + 0.25
    figure = Figure(figsize=(cell[0] * shape[1], inches), dpi=DOTS_PER_INCH, layout='constrained')
    below = 0 if is_film else NAME_INCHES / 2 / inches  # room for the last name
    figure.get_layout_engine().set(
        h_pad=0.02 if is_film else NAME_INCHES / 2, rect=(0, below, 1, 1 - below)
    )
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows) * shape[0], shape[1], squeeze=False).reshape(len(rows), -1)
    for i, (pictures, label) in enumerate(zip(rows, labels, strict=True)):
        for axis, picture, column in zip(axes[i], pictures, COLUMNS, strict=True):
            axis.imshow(picture)
            axis.set_axis_off()
            if is_film or i == 0:
                axis.set_title(column, fontsize=8 if is_film else 10)
        line, first = _shortened(label), axes[i, 0]
        if is_film:
            first.set_title(f'{line}: {COLUMNS[0]}', fontsize=8)
            continue
        name = first.text(0, -0.04, line, transform=first.transAxes, fontsize=7, va='top')
        name.set_in_layout(False)  # a name wider than its picture would take room from the others
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
