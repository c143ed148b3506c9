"""When the frames of a clip are taken. Letters in shapes: K clips, T frames of a clip."""

from __future__ import annotations

import numpy as np


def clip_times(
    duration: float,
    rate: float,
    num_clips: int,
    num_frames: int,
    step: float | None,
    spread: bool,
) -> np.ndarray:
    """Times of the frames of some clips of one video.

    A video shorter than a clip is taken from its beginning, and the times after its end are left
    for the reader, who repeats the last frame.

    Args:
        duration: seconds of the video.
        rate: frames a second; the last frame begins ``1 / rate`` before the end.
        num_clips: K.
        num_frames: T.
        step: seconds from frame to frame; None cuts the whole video into T parts and takes one
            frame of each, as TSN does.
        spread: where clips begin: evenly from first to last place (one clip in the middle), or
            drawn by NumPy.

    Returns:
        (K, T) float64 seconds.
    """
    if step is None:
        places = _inside(num_clips, num_frames, spread)
        return (np.arange(num_frames) + places) * (duration / num_frames)
    last = max(0.0, duration - 1 / rate - (num_frames - 1) * step)
    starts = _spread(num_clips) if spread else np.random.uniform(size=num_clips)
    return last * starts[:, None] + step * np.arange(num_frames)


def clip_indices(
    number: int, num_clips: int, num_frames: int, step: int | None, spread: bool
) -> np.ndarray:
    """The same by counting: (K, T) int64 places among ``number`` frames, the last one repeated."""
    if step is None:
        places = _inside(num_clips, num_frames, spread)
        indices = (np.arange(num_frames) + places) * (number / num_frames)
    else:
        last = max(0, number - 1 - (num_frames - 1) * step)
        starts = (
            last * _spread(num_clips) if spread else np.random.randint(last + 1, size=num_clips)
        )
        indices = starts.astype(int)[:, None] + step * np.arange(num_frames)
    return np.floor(indices).astype(int)


def _spread(number: int) -> np.ndarray:
    """(K,) from 0 to 1."""
    return np.linspace(0, 1, number) if number > 1 else np.array([0.5])


def _inside(num_clips: int, num_frames: int, spread: bool) -> np.ndarray:
    """(K, T) or (K, 1): where in its part of the video each frame lies, in [0, 1)."""
    if not spread:
        return np.random.uniform(size=(num_clips, num_frames))
    return ((np.arange(num_clips) + 0.5) / num_clips)[:, None]
