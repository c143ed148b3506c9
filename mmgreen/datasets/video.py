"""Frames of a video at given times: the one place that knows the decoder, PyAV.

Letters in shapes: H W pixels, N frames of a video.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import numpy as np
from torch.utils.data import get_worker_info

from mmgreen.datasets.errors import UnreadableVideoError
from mmgreen.errors import MissingPackageError

SLACK = 6e-4
"""Seconds by which a frame may be late and still be the one of a time: containers round to 1 ms."""
WORTH_A_SEEK = 16
"""Frames that have to lie before the next key frame, or going on costs less than seeking."""
LOST = 1.0
"""Seconds that may be missing at the end before a file counts as cut off."""


class VideoFile:
    """A video file, of which only what is asked for is decoded, from the key frame before it.

    Use it in a ``with`` statement. Time 0 is the first frame's.

    Args:
        path: of the file, in any container and codec that FFmpeg knows.
        threads: of the decoder.

    Attributes:
        duration: seconds from the first frame to the end of the last, as the file says.
        rate: frames a second, on average.
        num_decoded: how many frames were decoded so far.

    Raises:
        UnreadableVideoError: if the file is missing, no video, or cut off.
        MissingPackageError: if PyAV is not installed.
    """

    def __init__(self, path: str, threads: int = 1) -> None:
        check_decoder()
        self.path = path
        self.threads = threads
        self.num_decoded = 0
        self._open()
        self._start, self._lag = self._beginning()
        self.rate = float(self._stream.average_rate or self._stream.guessed_rate or 25)
        self.duration = self._read_duration()

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()

    def frame_times(self) -> np.ndarray:
        """(N,) float64 seconds, when each frame is shown; reads the whole file, decodes nothing."""
        import av

        self._open()
        try:
            packets = [
                each.pts
                for each in self._container.demux(self._stream)
                if each.size and not each.is_discard
            ]
        except av.error.FFmpegError as error:
            raise self._unreadable(error) from error
        times = np.sort([each for each in packets if each is not None]) - self._start
        self._open()
        if not len(times):
            raise UnreadableVideoError(f'{self.path} has no frame.')
        return times * self._tick

    def frames_at(self, times: Sequence[float], short_side: int | None = None) -> list[np.ndarray]:
        """The frames shown at some times; after the end it is the last one.

        Args:
            times: seconds, in any order.
            short_side: larger frames are made smaller, to so many pixels on their shorter side.

        Returns:
            For each time (H, W, 3) uint8, blue first, the rotation in the file applied. Where two
            times have one frame, they have one array.

        Raises:
            UnreadableVideoError: if the file cannot be decoded, or ends before it should.
        """
        import av

        try:
            return self._frames_at(np.asarray(times, dtype=float), short_side)
        except av.error.FFmpegError as error:
            raise self._unreadable(error) from error

    def _frames_at(self, times: np.ndarray, short_side: int | None) -> list[np.ndarray]:
        images: list = [None] * len(times)
        frames, shown, following, pixels = iter(()), None, None, None
        for place in np.argsort(times, kind='stable'):
            pts = self._start + int((max(times[place], 0) + SLACK) / self._tick)
            if shown is None or self._a_key_frame_is_nearer(shown, pts):
                frames = self._frames_from(pts)
                shown, following, pixels = next(frames), next(frames, None), None
            while following is not None and _pts(following) <= pts:
                shown, following, pixels = following, next(frames, None), None
            if following is None:
                self._check_end(shown, times[place])
            if pixels is None:
                pixels = _pixels(shown, short_side)
            images[place] = pixels
        return images

    def _frames_from(self, pts: int) -> Iterator:
        """Decoded frames, beginning at the last key frame that is shown at ``pts`` or before."""
        import av

        try:
            self._container.seek(pts - self._lag, stream=self._stream)
            frames = self._decode()
            first = next(frames, None)
        except av.error.FFmpegError:  # no seeking in this file
            first = None
        if first is None or _pts(first) > pts:  # an index that is wrong, or none
            self._open()
            frames = self._decode()
            first = next(frames, None)
        if first is None:
            raise UnreadableVideoError(f'{self.path} has no frame that can be decoded.')
        yield first
        yield from frames

    def _decode(self) -> Iterator:
        for frame in self._container.decode(self._stream):
            self.num_decoded += 1
            if _pts(frame) is not None:
                yield frame

    def _a_key_frame_is_nearer(self, shown: object, pts: int) -> bool:
        index = self._stream.index_entries
        place = index.search_timestamp(pts)
        # An index counts in decoding times, which are never later than those of showing.
        ahead = _pts(shown) + WORTH_A_SEEK / (self.rate * self._tick)
        return place >= 0 and index[place].timestamp > ahead

    def _check_end(self, last: object, wanted: float) -> None:
        """Refuses a file that says it goes on where its frames end."""
        if not self._says_its_length:
            return
        end = (_pts(last) + (last.duration or 0) - self._start) * self._tick
        if end + LOST < min(wanted, self.duration):
            raise UnreadableVideoError(
                f'{self.path} ends after {end:.1f} of {self.duration:.1f} seconds: it was cut off.'
            )

    def _open(self) -> None:
        import av

        if hasattr(self, '_container'):
            self._container.close()
        try:
            self._container = av.open(self.path, metadata_errors='ignore')
        except av.error.FFmpegError as error:
            raise self._unreadable(error) from error
        videos = self._container.streams.video
        if not videos or not videos[0].codec_context:
            self._container.close()
            raise UnreadableVideoError(f'{self.path} has no pictures; is it a sound file?')
        self._stream = videos[0]
        self._stream.codec_context.thread_count = self.threads
        self._tick = float(self._stream.time_base)

    def _beginning(self) -> tuple[int, int]:
        """When the first frame is shown, and how much earlier it is decoded, in ticks."""
        import av

        try:
            first = next(self._container.demux(self._stream))
        except av.error.FFmpegError as error:
            raise self._unreadable(error) from error
        # An avi says 0 where pictures begin later; an mp4 that was cut has packets not to be shown.
        start = max(each for each in (first.pts, self._stream.start_time, 0) if each is not None)
        # Some containers are sought by decoding times.
        return start, 0 if None in (first.pts, first.dts) else max(0, first.pts - first.dts)

    def _read_duration(self) -> float:
        length = self._stream.duration
        tag = re.fullmatch(r'(\d+):(\d+):([\d.]+)', self._stream.metadata.get('DURATION', ''))
        self._says_its_length = bool(length or tag)
        if length:
            return length * self._tick
        if tag:  # of mkv and webm; from time 0, not from the first frame
            hours, minutes, seconds = map(float, tag.groups())
            return 3600 * hours + 60 * minutes + seconds - self._start * self._tick
        if self._container.duration:  # of what is longest, sound perhaps
            return self._container.duration / 1e6
        return float(self.frame_times()[-1]) + 1 / self.rate

    def _unreadable(self, error: Exception) -> UnreadableVideoError:
        reason = str(error).split(': ')[0].removeprefix(f'[Errno {error.errno}] ')
        return UnreadableVideoError(f'{self.path} ({reason})')


def check_decoder() -> None:
    """Refuses to go on without PyAV, before anything is read.

    Raises:
        MissingPackageError: says how to install it.
    """
    if find_spec('av') is None:
        raise MissingPackageError(
            "Videos are read by PyAV, which is not installed: pip install 'mmgreen[video]'."
        )


def allowed_threads(wanted: int) -> int:
    """Decoder threads of this process, so that those of all workers have a core each; 1 or more."""
    worker = get_worker_info()
    workers = (worker.num_workers if worker else 1) * int(os.environ.get('LOCAL_WORLD_SIZE', 1))
    return max(1, min(wanted, len(os.sched_getaffinity(0)) // workers))


def _pts(frame: object) -> int | None:
    return frame.dts if frame.pts is None else frame.pts


def _pixels(frame: object, short_side: int | None) -> np.ndarray:
    width, height, turns = frame.width, frame.height, round(frame.rotation / 90) % 4
    if short_side is not None and min(width, height) > short_side:
        scale = short_side / min(width, height)
        frame = frame.reformat(round(width * scale), round(height * scale), interpolation='AREA')
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format='bgr24'), turns))
