"""Small videos made with the encoder, and their frames decoded from the start."""

from fractions import Fraction

import av
import numpy as np

CODECS = {'.mp4': 'libx264', '.webm': 'libvpx-vp9', '.mkv': 'libx264', '.avi': 'mpeg4'}
OPTIONS = {'libx264': dict(crf='12', preset='veryfast'), 'libvpx-vp9': dict(deadline='realtime')}


def moving(number, width=64, height=48):
    """(N, H, W, 3) uint8, blue first: a square that moves to the right before a slope of grey."""
    frames = np.empty((number, height, width, 3), np.uint8)
    frames[:] = np.linspace(40, 90, height)[:, None, None]
    for i, frame in enumerate(frames):
        left = int(i * (width - 12) / max(number - 1, 1))
        frame[height // 4 : height // 4 + 12, left : left + 12] = (20, 60, 230)
    return frames


def write_video(
    path, frames, fps=10, times=None, gop=8, b_frames=2, rotation=0, codec=None, **options
):
    """Encodes; ``times``, in seconds, make the rate of the frames variable."""
    codec = codec or CODECS[path.suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w', options=options) as container:
        stream = container.add_stream(codec, rate=fps, options=OPTIONS.get(codec, {}))
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], 'yuv420p'
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = 0 if codec == 'libvpx-vp9' else b_frames
        if rotation:
            stream.set_display_rotation(rotation)
        tick = Fraction(1, fps) if times is None else Fraction(1, 1000)
        stream.codec_context.time_base = tick
        for i, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format='bgr24')
            frame.time_base = tick
            frame.pts = i if times is None else round(1000 * times[i])
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path):
    """A second of silence in an mp4."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('aac', rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 8000), np.float32), format='fltp', layout='mono'
        )
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def decoded(path):
    """Times in seconds, and (N, H, W, 3) pixels, blue first, without the rotation."""
    with av.open(str(path)) as container:
        frames = [
            (each.time, each.to_ndarray(format='bgr24')) for each in container.decode(video=0)
        ]
    times, pixels = zip(*frames, strict=True)
    return np.array(times) - times[0], np.stack(pixels)
