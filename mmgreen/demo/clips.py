"""A small set of clips for the demo: folders of classes, in which something moves.

Written as the videos of users are, so that the ordinary tools read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmgreen.datasets.video import check_decoder
from mmgreen.demo.listing import check_folder, earlier_settings, write_listing
from mmgreen.demo.moving import MOTIONS, draw_clip
from mmgreen.demo.photographs import Photograph, load_photograph, photographs_of
from mmgreen.errors import InputError

MIN_SIZE = 32  # px
MADE_BY = 'mmgreen.demo_clips'
CHANGES = 'cropped, resized, dimmed, some mirrored or coloured, a shape drawn over them'
RATE = 8  # frames a second
# FFmpeg's own encoder, which every build has, at its best quality.
CODEC, OPTIONS = 'mpeg4', {'qmin': '1', 'qmax': '2'}


class DemoClips(NamedTuple):
    """What was written.

    Attributes:
        root: the folder that holds ``<split>/<class>/*.mp4`` and ``photographs.json``.
        num_clips: clips by split, in the order written.
    """

    root: Path
    num_clips: dict[str, int]


def make_demo_clips(
    out_dir: str | Path,
    num_train: int = 2000,
    num_val: int = 400,
    num_frames: int = 8,
    size: int = 64,
    seed: int = 0,
    overwrite: bool = False,
) -> DemoClips:
    """Writes clips of a shape that moves left or right, grows, shrinks or turns.

    ``val`` shares no photograph with ``train``. A clip follows from the seed, the length, the size,
    its split and its number alone, however many there are. A set with the same settings is written
    again.

    Args:
        out_dir: a folder that is new, empty, or was written by this function.
        num_train: clips in ``train``, of all classes in turn; at least 1.
        num_val: clips in ``val``, at least 1.
        num_frames: of a clip, at least 2.
        size: height and width in pixels, even, at least 32.
        seed: at least 0.
        overwrite: replace a set that was made with other settings. Its own files are removed;
            anything else in the folder stays.

    Raises:
        InputError: if an argument is out of range.
        ExistingFileError: if the folder holds other things, or a set made with other settings.
        MissingPackageError: if a package that is needed is not installed.
    """
    check_decoder()
    root, counts = Path(out_dir), {'train': num_train, 'val': num_val}
    _check_arguments(counts, num_frames, size, seed)
    settings = {'num_clips': counts, 'num_frames': num_frames, 'size': size, 'seed': seed}
    earlier = earlier_settings(root, MADE_BY)
    check_folder(root, earlier, settings, overwrite)
    if earlier is not None and earlier != settings:
        _remove_set(root, earlier)
    # The listing comes first, so that a run that was interrupted can be repeated.
    write_listing(root, MADE_BY, settings, CHANGES, _shown(counts))
    for split, count in counts.items():
        _write_split(root, split, count, settings)
    return DemoClips(root, counts)


def write_clip(path: Path, frames: Sequence[np.ndarray], rate: int = RATE) -> None:
    """Encodes a clip as mp4, and makes its folder where there is none.

    Args:
        path: ends in ``.mp4``.
        frames: T of (H, W, 3) uint8, red first, of even sides.
        rate: frames a second.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(CODEC, rate=rate, options=OPTIONS)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], 'yuv420p'
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format='rgb24')))
        container.mux(stream.encode())


def _check_arguments(counts: dict[str, int], num_frames: int, size: int, seed: int) -> None:
    for split, count in counts.items():
        if count < 1:
            raise InputError(f'num_{split} must be at least 1, got {count}.')
    if num_frames < 2:
        raise InputError(f'num_frames must be at least 2, or nothing moves; got {num_frames}.')
    if size < MIN_SIZE or size % 2:
        raise InputError(f'size must be an even number of at least {MIN_SIZE} px, got {size}.')
    if seed < 0:
        raise InputError(f'seed must be at least 0, got {seed}.')


def _motion_of(number: int) -> str:
    return list(MOTIONS)[(number - 1) % len(MOTIONS)]


def _photograph_of(split: str, number: int) -> Photograph:
    """A photograph has a clip of each class, then it is the next one's turn."""
    photographs = photographs_of(split)
    return photographs[(number - 1) // len(MOTIONS) % len(photographs)]


def _file_name(number: int) -> str:
    return f'{_motion_of(number)}/{number:06d}.mp4'


def _shown(counts: dict[str, int]) -> dict[str, dict[str, str]]:
    """Which clip shows which photograph, by split."""
    return {
        split: {_file_name(each): _photograph_of(split, each).file for each in range(1, count + 1)}
        for split, count in counts.items()
    }


def _remove_set(root: Path, settings: dict[str, Any]) -> None:
    """Removes the files of a set, and its folders where nothing else lies in them."""
    for split, count in settings['num_clips'].items():
        for number in range(1, count + 1):
            (root / split / _file_name(number)).unlink(missing_ok=True)
        for folder in (*(root / split / motion for motion in MOTIONS), root / split):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _write_split(root: Path, split: str, count: int, settings: dict[str, Any]) -> None:
    sources = {each: load_photograph(each) for each in photographs_of(split)}
    for number in range(1, count + 1):
        rng = np.random.default_rng((settings['seed'], int(split == 'val'), number))
        photograph = sources[_photograph_of(split, number)]
        frames = draw_clip(
            photograph, _motion_of(number), settings['num_frames'], settings['size'], rng
        )
        write_clip(root / split / _file_name(number), frames)
