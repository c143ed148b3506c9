"""How a video becomes clips."""

from __future__ import annotations

import os

import numpy as np
from mmcv.transforms import BaseTransform

from mmgreen.datasets.clip_times import clip_indices, clip_times
from mmgreen.datasets.frame_folder import FrameFolder
from mmgreen.datasets.video import VideoFile, allowed_threads
from mmgreen.errors import InputError
from mmgreen.registry import TRANSFORMS

COUNTED_BY = ('time', 'index')


@TRANSFORMS.register_module()
class ReadClips(BaseTransform):
    """Takes clips from the video at ``img_path``, a file or a folder of frames, decoded once.

    ``clips`` is a list of ``num_clips`` dicts, each with ``frames``: ``num_frames`` arrays (H, W,
    3) uint8, blue first, of one size. Where a video ends before a clip does, its last frame is
    repeated; ``num_repeated`` says how many frames of all clips are such, ``num_different`` how
    many are not the same. ``img_shape`` and ``ori_shape`` are (H, W). Draws follow from NumPy's
    generator.

    Args:
        num_frames: of a clip.
        stride: from frame to frame, in frames of a video with ``fps``; None spreads the frames of a
            clip over the whole video (TSN, as SSv2 is read).
        num_clips: of one video: repeated sampling in training, views in a test.
        spread: whether clips are spread evenly over the video, for tests, or drawn.
        by: 'time', so that a stride lasts as long in every video, or 'index', so that it is as
            many frames whatever they last.
        fps: frames a second that ``stride`` counts in, where ``by`` is 'time'; and those of a
            folder of frames.
        short_side: larger videos are made smaller, to so many pixels on their shorter side; None
            leaves them.
        threads: of the decoder; at most as many as there are cores for each worker.

    Raises:
        UnreadableVideoError: if the video cannot be decoded.
    """

    def __init__(
        self,
        num_frames: int = 16,
        stride: int | None = 4,
        num_clips: int = 1,
        spread: bool = False,
        by: str = 'time',
        fps: float = 30.0,
        short_side: int | None = None,
        threads: int = 1,
    ) -> None:
        for name, value in (('num_frames', num_frames), ('num_clips', num_clips)):
            if value < 1:
                raise InputError(f'{name} of ReadClips must be 1 or more, not {value}.')
        if by not in COUNTED_BY:
            raise InputError(f'by of ReadClips must be one of {COUNTED_BY}, not {by!r}.')
        self.num_frames = num_frames
        self.stride = stride
        self.num_clips = num_clips
        self.spread = spread
        self.by = by
        self.fps = fps
        self.short_side = short_side
        self.threads = threads

    def transform(self, results: dict) -> dict:
        """``results``, with the clips added."""
        path = results['img_path']
        if os.path.isdir(path):
            video = FrameFolder(path, self.fps)
        else:
            video = VideoFile(path, allowed_threads(self.threads))
        with video:
            times, end = self._times(video)
            frames = video.frames_at(times.ravel(), self.short_side)
        begins = range(0, len(frames), self.num_frames)
        results['clips'] = [dict(frames=frames[each : each + self.num_frames]) for each in begins]
        results['num_repeated'] = int((times >= end).sum())
        results['num_different'] = len({id(each) for each in frames})
        results['img_shape'] = results['ori_shape'] = frames[0].shape[:2]
        return results

    def _times(self, video: VideoFile | FrameFolder) -> tuple[np.ndarray, float]:
        """(K, T) seconds, and from when on they are after the end."""
        counts = (self.num_clips, self.num_frames)
        if self.by == 'time':
            step = None if self.stride is None else self.stride / self.fps
            times = clip_times(video.duration, video.rate, *counts, step, self.spread)
            return times, video.duration
        times = video.frame_times()
        indices = clip_indices(len(times), *counts, self.stride, self.spread)
        end = times[-1] + 1.0
        return np.append(times, end)[indices.clip(max=len(times))], end
