"""Images for the demo and the tests: shaded objects drawn over a crop of a photograph.

Coordinates are x to the right and y down, also those of the light. ``h w`` are the height and width
of an image, ``n`` the side of the square patch that an object is drawn on, all in pixels.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

MIN_SIZE = 64  # px, of either side of an image: objects stay large enough to be told apart
CROP_SHARE = (0.4, 1.0)  # side of the crop, of the largest that fits
BLUR_SHARE = (0.015, 0.04)  # of the photograph, as if out of focus: of the image's shorter side
GREY_BLUR_SHARE = (0.04, 0.1)
GREY_FALL = 0.9  # of the brightness of a grey scene, from its middle to a corner, as light is low
RADIUS_SHARE = (0.1, 0.16)  # radius of an object, of the image's shorter side
MAX_OBJECTS = 8
MAX_COVERED = 0.2  # of what is seen of an object, by each object laid on it
PLACES_TRIED = 20
LUMINANCE = np.array([[0.299], [0.587], [0.114]])  # of red, green and blue, as in ITU-R BT.601


class Shape(NamedTuple):
    """A class of objects.

    Attributes:
        distance: from float arrays x and y, in units of the object's radius, to the signed distance
            from its outline, negative inside. No point of the shape is farther from (0, 0) than 1.
        bevel: how far inside the outline the surface reaches its full height.
        hue: mean hue of the class, 0 to 1.
    """

    distance: Callable[[np.ndarray, np.ndarray], np.ndarray]
    bevel: float
    hue: float


class Sprite(NamedTuple):
    """An object ready to be pasted: opacity (n, n) in 0..1, color (n, n, 3) in 0..255, n odd."""

    opacity: np.ndarray
    color: np.ndarray


class DrawnObject(NamedTuple):
    """An object of a scene: its class, and (h, w) bool, True where it is seen."""

    category: str
    visible: np.ndarray


class Scene(NamedTuple):
    """An image, (h, w, 3) uint8 RGB, and its objects, the lowest first."""

    image: np.ndarray
    objects: list[DrawnObject]


def _ball(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y) - 1


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.abs(np.hypot(x, y) - 0.7) - 0.3


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Folded about its axes of symmetry, a star of five points is one straight edge.
    half, notch_radius = math.pi / 5, 0.5
    angle = np.abs(np.mod(np.arctan2(y, x) + half, 2 * half) - half)
    edge_x, edge_y = notch_radius * math.cos(half) - 1, notch_radius * math.sin(half)
    radius = np.hypot(x, y)
    across = (radius * np.cos(angle) - 1) * edge_y - radius * np.sin(angle) * edge_x
    return across / math.hypot(edge_x, edge_y)


def _tile(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    straight, corner = 0.55, 0.2
    beyond_x, beyond_y = np.abs(x) - straight, np.abs(y) - straight
    outside = np.hypot(np.maximum(beyond_x, 0), np.maximum(beyond_y, 0))
    return outside + np.minimum(np.maximum(beyond_x, beyond_y), 0) - corner


SHAPES = {
    'ball': Shape(_ball, bevel=1.0, hue=0.0),
    'ring': Shape(_ring, bevel=0.3, hue=0.42),
    'star': Shape(_star, bevel=0.44, hue=0.14),
    'tile': Shape(_tile, bevel=0.35, hue=0.63),
}
CATEGORIES = tuple(SHAPES)


def draw_scene(
    photograph: Image.Image, size: tuple[int, int], rng: np.random.Generator, grey: bool = False
) -> Scene:
    """A random crop of a photograph with one to eight objects on it.

    Args:
        photograph: RGB.
        size: height and width of the image in pixels, each at least ``MIN_SIZE``.
        rng: draws everything that is random.
        grey: without colours, the photograph farther out of focus and lit from one side as the
            objects are: what is hidden of such a scene follows from the rest better.
    """
    image = _crop(photograph, size, rng, GREY_BLUR_SHARE if grey else BLUR_SHARE)
    azimuth = rng.uniform(0, 2 * math.pi)
    light = np.array([math.cos(azimuth), math.sin(azimuth), 1.2])
    light /= np.linalg.norm(light)
    if grey:
        image *= _fall_of(light, size)
    objects: list[DrawnObject] = []
    for _ in range(rng.integers(1, MAX_OBJECTS, endpoint=True)):
        category = CATEGORIES[rng.integers(len(CATEGORIES))]
        radius = min(size) * rng.uniform(*RADIUS_SHARE)
        sprite = _draw_sprite(SHAPES[category], radius, light, rng)
        solid = sprite.opacity >= 0.5
        window = _find_place(solid, [drawn.visible for drawn in objects], size, rng)
        if window is None:
            continue
        image = _paste(image, sprite, window, light)
        covered = np.zeros(size, bool)
        covered[window] = solid
        objects = [DrawnObject(below.category, below.visible & ~covered) for below in objects]
        objects.append(DrawnObject(category, covered))
    if grey:
        image = np.repeat(image @ LUMINANCE, 3, axis=-1)
    return Scene(image.clip(0, 255).round().astype(np.uint8), objects)


def _fall_of(light: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, 1): how bright a plane is, 1 in the middle, brighter towards the light."""
    y, x = (np.linspace(-1, 1, extent) for extent in size)
    return 1 + GREY_FALL * (light[0] * x + light[1] * y[:, None])[..., None] / math.sqrt(2)


def _crop(
    photograph: Image.Image,
    size: tuple[int, int],
    rng: np.random.Generator,
    blur_share: tuple[float, float],
) -> np.ndarray:
    """A part of the photograph with the proportions of ``size``, as (h, w, 3) floats."""
    height, width = size
    fit = min(photograph.width / width, photograph.height / height)
    scale = fit * rng.uniform(*CROP_SHARE)
    crop_width, crop_height = int(width * scale), int(height * scale)
    left = int(rng.integers(photograph.width - crop_width, endpoint=True))
    top = int(rng.integers(photograph.height - crop_height, endpoint=True))
    box = (left, top, left + crop_width, top + crop_height)
    cropped = photograph.resize((width, height), Image.Resampling.BICUBIC, box)
    blur = ImageFilter.GaussianBlur(min(size) * rng.uniform(*blur_share))
    cropped = cropped.filter(blur)
    image = np.asarray(cropped, np.float64)
    return image[:, ::-1] if rng.random() < 0.5 else image


def _draw_sprite(
    shape: Shape, radius: float, light: np.ndarray, rng: np.random.Generator
) -> Sprite:
    """The shape as a solid body, turned at random, painted, and lit from ``light``."""
    reach = math.ceil(radius) + 1
    x, y = np.meshgrid(*[np.arange(-reach, reach + 1) / radius] * 2)
    turn = rng.uniform(0, 2 * math.pi)
    own_x = math.cos(turn) * x + math.sin(turn) * y
    own_y = math.cos(turn) * y - math.sin(turn) * x
    distance = shape.distance(own_x, own_y)

    rise = np.clip(-distance / shape.bevel, 0, 1)
    height = radius * shape.bevel * np.sqrt(rise * (2 - rise))
    slope_y, slope_x = np.gradient(height)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(height)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    # Blinn's gloss: brightest where the surface faces halfway between the light and the viewer.
    halfway = light + np.array([0, 0, 1])
    halfway /= np.linalg.norm(halfway)
    matt = 0.3 + 0.75 * np.maximum(normal @ light, 0)
    gloss = 130 * np.maximum(normal @ halfway, 0) ** 40

    paint = _paint(shape.hue, own_x, own_y, rng)
    color = np.clip(paint * matt[..., None] + gloss[..., None], 0, 255)
    return Sprite(np.clip(0.5 - distance * radius, 0, 1), color)


def _paint(hue: float, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two tones of a hue in stripes, checks or marbling, (n, n, 3) in 0..255."""
    hue = (hue + rng.normal(0, 0.02)) % 1
    full = colorsys.hsv_to_rgb(hue, rng.uniform(0.75, 1), rng.uniform(0.85, 1))
    other = colorsys.hsv_to_rgb(hue, rng.uniform(0.5, 1), rng.uniform(0.35, 0.7))
    frequency, phase = rng.uniform(6, 12), rng.uniform(0, 2 * math.pi)
    knots = rng.integers(0, 256, (6, 6), np.uint8)
    pattern = rng.integers(3)
    if pattern == 0:
        share = 0.5 + 2 * np.sin(frequency * x + phase)
    elif pattern == 1:
        share = 0.5 + 4 * np.sin(frequency * x + phase) * np.sin(frequency * y)
    else:
        share = np.asarray(Image.fromarray(knots).resize(x.shape, Image.Resampling.BICUBIC)) / 255
    share = np.clip(share, 0, 1)[..., None]
    return 255 * (np.array(full) * share + np.array(other) * (1 - share))


def _find_place(
    solid: np.ndarray, others: list[np.ndarray], size: tuple[int, int], rng: np.random.Generator
) -> tuple[slice, slice] | None:
    """Rows and columns where (n, n) ``solid`` hides little of the others; None if none is found."""
    side = len(solid)
    for _ in range(PLACES_TRIED):
        top, left = (int(rng.integers(extent - side, endpoint=True)) for extent in size)
        window = slice(top, top + side), slice(left, left + side)
        if all(
            np.count_nonzero(other[window] & solid) <= MAX_COVERED * np.count_nonzero(other)
            for other in others
        ):
            return window
    return None


def _paste(
    image: np.ndarray, sprite: Sprite, window: tuple[slice, slice], light: np.ndarray
) -> np.ndarray:
    """The image with the sprite in it, over a soft shadow that falls away from the light."""
    rows, columns = window
    side = len(sprite.opacity)
    fall_x, fall_y = (round(-0.1 * side * toward) for toward in light[:2])
    shadow = Image.new('L', image.shape[1::-1])
    shadow.paste(
        Image.fromarray((255 * sprite.opacity).astype(np.uint8)),
        (columns.start + fall_x, rows.start + fall_y),
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(0.05 * side))
    pasted = image * (1 - 0.5 / 255 * np.asarray(shadow, np.float64)[..., None])
    opacity = sprite.opacity[..., None]
    pasted[window] = pasted[window] * (1 - opacity) + sprite.color * opacity
    return pasted
