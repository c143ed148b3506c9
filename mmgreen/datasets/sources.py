"""Which files a model is shown that are in no data set: images, or videos where it takes clips."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mmgreen.datasets.clips import UnlabelledClips
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import (
    IMAGE_ENDINGS,
    VIDEO_ENDINGS,
    UnlabelledImages,
    hint_at_other_kind,
    image_files,
    visible_files,
)
from mmgreen.datasets.read_clips import ReadClips
from mmgreen.errors import MissingFileError


def reads_clips(dataset: Mapping[str, Any]) -> bool:
    """Whether the pipeline of a config's data set takes clips."""
    kinds = [step['type'] for step in dataset.get('pipeline') or ()]  # names, or classes
    names = [getattr(kind, '__name__', str(kind)) for kind in kinds]
    return any(name.split('.')[-1] == ReadClips.__name__ for name in names)


def source_files(path: str, dataset: Mapping[str, Any], limit: int | None = None) -> list[str]:
    """``path`` itself, or what the folder ``path`` holds of the kind that a config reads, sorted.

    Args:
        path: an image, a video or a folder of them; with ``frames_in_folders`` a folder of frames,
            or one of such folders.
        dataset: of the config.
        limit: at most so many.

    Raises:
        MissingFileError: if there is no such file or folder, or nothing of that kind in it.
        DataError: if a video is given where the config reads images, or the other way round.
    """
    clips = reads_clips(dataset)
    if os.path.isfile(path):
        _check_kind(path, clips)
        return [path]
    if not clips or not os.path.isdir(path):
        return image_files(path, limit)
    frames_in_folders = dataset.get('frames_in_folders', False)
    if frames_in_folders and any(name.lower().endswith(IMAGE_ENDINGS) for name in os.listdir(path)):
        return [path]
    try:
        return files_of(UnlabelledClips(path, frames_in_folders=frames_in_folders))[:limit]
    except FileNotFoundError as error:
        hint = hint_at_other_kind(list(visible_files(path)))
        raise MissingFileError(
            f'The folder {path} holds no video; give another one. {hint}'.strip()
        ) from error


def files_of(dataset: UnlabelledImages) -> list[str]:
    """Paths of all images, or videos, of a data set."""
    return [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]


def _check_kind(path: str, clips: bool) -> None:
    if clips and path.lower().endswith(IMAGE_ENDINGS):
        raise DataError(f'{path} is an image, and the config takes clips; give it a video.')
    if not clips and path.lower().endswith(VIDEO_ENDINGS):
        raise DataError(
            f'{path} is a video, and the config takes images; give one that takes clips.'
        )
