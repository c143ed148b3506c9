"""Clips in which something moves, and of which one frame does not tell how.

Letters in shapes: T frames, H W pixels. Coordinates are x to the right and y down.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from mmgreen.demo.scenes import SHAPES, Shape

MOVED = ('star', 'tile')  # shapes that are seen to turn
# Shares are of the clip's side.
RADIUS_SHARE = (0.2, 0.28)  # of a shape in the middle frame
CENTRE_SHARE = (0.35, 0.65)  # of a shape in the middle frame
SPEED_SHARE = (0.05, 0.08)  # of a shape that moves, in each frame
GROWTH = (1.1, 1.16)  # of a radius from frame to frame
TURN = (0.15, 0.25)  # radians from frame to frame
PAN_SHARE = 0.03  # of the photograph behind, at most, in each frame
PHOTOGRAPH_SHARE = (0.35, 1)  # side of the part that is shown, of the photograph's shorter side
ROOM = 2  # side of the part in which a clip moves, in sides of the clip
# Of grey clips, and photographs out of focus, what is hidden follows from the rest better.
BLUR_SHARE = 0.06  # of the photograph
# The harder a shape is told from what is behind it, the more labels random weights need.
BRIGHTNESS = (0.3, 1)  # of a shape
BACKGROUND = (10, 0.75)  # of the photograph, dimmed: of its black, and what is added for its white


class Motion(NamedTuple):
    """What changes from frame to frame: a share of the ranges above, with its sign."""

    right: int = 0
    growth: int = 0
    turn: int = 0


MOTIONS = {
    'growing': Motion(growth=1),
    'left': Motion(right=-1),
    'right': Motion(right=1),
    'shrinking': Motion(growth=-1),
    'turning': Motion(turn=1),
}
"""By class. The middle frame has the same places, sizes and angles in all of them."""


class Pose(NamedTuple):
    """Where a shape is in a frame: its centre and radius in pixels, its angle in radians."""

    x: float
    y: float
    radius: float
    angle: float


def middle_frame(num_frames: int) -> int:
    """The frame that is alike in all classes; of an even number the one before the middle."""
    return (num_frames - 1) // 2


def draw_clip(
    photograph: Image.Image, motion: str, num_frames: int, size: int, rng: np.random.Generator
) -> np.ndarray:
    """A grey shape that moves as its class says, before a dim photograph that slides.

    Args:
        photograph: RGB.
        motion: a key of ``MOTIONS``.
        num_frames: T.
        size: H and W, in pixels.
        rng: draws everything that is random.

    Returns:
        (T, H, W, 3) uint8, grey: three times the same.
    """
    shape = SHAPES[MOVED[rng.integers(len(MOVED))]]
    brightness = 255 * rng.uniform(*BRIGHTNESS)
    behind = _sliding(photograph, num_frames, size, rng)
    poses = draw_poses(motion, num_frames, size, rng)
    opacity = np.stack([_opacity(shape, pose, size) for pose in poses])
    clip = (behind * (1 - opacity) + brightness * opacity).round().astype(np.uint8)
    return np.repeat(clip[..., None], 3, axis=-1)


def draw_poses(motion: str, num_frames: int, size: int, rng: np.random.Generator) -> list[Pose]:
    """The shape's pose in each frame; that of :func:`middle_frame` does not depend on ``motion``.

    Args:
        motion: a key of ``MOTIONS``.
        num_frames: T.
        size: H and W, in pixels.
        rng: draws the pose in the middle, then how fast it changes.
    """
    x, y = size * rng.uniform(*CENTRE_SHARE, 2)
    radius, angle = size * rng.uniform(*RADIUS_SHARE), rng.uniform(0, 2 * math.pi)
    way = MOTIONS[motion]
    speed = way.right * size * rng.uniform(*SPEED_SHARE)
    growth = rng.uniform(*GROWTH) ** way.growth
    turn = way.turn * rng.uniform(*TURN)
    return [
        Pose(x + speed * time, y, radius * growth**time, angle + turn * time)
        for time in range(-middle_frame(num_frames), num_frames - middle_frame(num_frames))
    ]


def _sliding(
    photograph: Image.Image, num_frames: int, size: int, rng: np.random.Generator
) -> np.ndarray:
    """(T, H, W) floats: a part of the photograph, that moves evenly in any direction."""
    side = int(min(photograph.size) * rng.uniform(*PHOTOGRAPH_SHARE))
    left, top = (int(rng.integers(extent - side, endpoint=True)) for extent in photograph.size)
    box = (left, top, left + side, top + side)
    sharp = photograph.convert('L').resize((ROOM * size,) * 2, Image.Resampling.BICUBIC, box)
    part = sharp.filter(ImageFilter.GaussianBlur(BLUR_SHARE * size))
    image = BACKGROUND[0] + BACKGROUND[1] * np.asarray(part, np.float64)
    image = image[:, ::-1] if rng.random() < 0.5 else image
    slide = size * rng.uniform(-PAN_SHARE, PAN_SHARE, 2)
    times = np.arange(num_frames)[:, None] - (num_frames - 1) / 2
    corners = ((ROOM - 1) * size / 2 + slide * times).round().astype(int)
    corners = corners.clip(0, (ROOM - 1) * size)
    return np.stack([image[top : top + size, left : left + size] for top, left in corners])


def _opacity(shape: Shape, pose: Pose, size: int) -> np.ndarray:
    """(H, W) in 0..1, soft at the outline."""
    pixels = np.arange(size) + 0.5
    across, down = np.meshgrid(pixels - pose.x, pixels - pose.y)
    own_x = (math.cos(pose.angle) * across + math.sin(pose.angle) * down) / pose.radius
    own_y = (math.cos(pose.angle) * down - math.sin(pose.angle) * across) / pose.radius
    return np.clip(0.5 - shape.distance(own_x, own_y) * pose.radius, 0, 1)
