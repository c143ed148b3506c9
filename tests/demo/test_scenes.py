from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmgreen.demo.scenes import CATEGORIES, MAX_OBJECTS, SHAPES, draw_scene

GREY = Image.new('RGB', (300, 200), (128, 128, 128))


def scenes(count, size=(96, 128)):
    return [draw_scene(GREY, size, np.random.default_rng(i)) for i in range(count)]


def chroma(image):
    return image.max(axis=2).astype(int) - image.min(axis=2)


def grown(region, pixels):
    """The region and whatever lies within so many rows and columns of it."""
    padded = np.pad(region, pixels)
    height, width = region.shape
    shifts = range(2 * pixels + 1)
    return np.any([padded[i : i + height, j : j + width] for i in shifts for j in shifts], axis=0)


def test_colour_is_where_the_objects_are():
    # Over grey, and with grey shadows, all colour is an object's; its soft edge ends within 2 px.
    for scene in scenes(20):
        seen = np.any([drawn.visible for drawn in scene.objects], axis=0)
        assert (chroma(scene.image)[~grown(seen, 2)] == 0).all()
        assert (chroma(scene.image)[seen] > 25).mean() > 0.8


def test_what_is_seen_of_an_object_has_the_hue_of_its_class():
    # Were the lower of two objects given the pixels that both cover, theirs would be another hue.
    right, wrong = 0, 0
    for scene in scenes(40):
        hues = np.asarray(Image.fromarray(scene.image).convert('HSV'))[..., 0] / 256
        for drawn in scene.objects:
            coloured = drawn.visible & (chroma(scene.image) > 60)
            apart = np.abs(hues[coloured] - SHAPES[drawn.category].hue)
            near = np.minimum(apart, 1 - apart) < 0.1
            right += np.count_nonzero(near)
            wrong += np.count_nonzero(~near)
    assert wrong < 0.005 * right


def test_objects_are_large_apart_and_whole():
    for scene in scenes(20):
        assert 1 <= len(scene.objects) <= MAX_OBJECTS
        assert np.sum([drawn.visible for drawn in scene.objects], axis=0).max() == 1
        for drawn in scene.objects:
            rows, columns = np.nonzero(drawn.visible)
            assert len(rows) > 0.01 * drawn.visible.size
            assert rows.min() > 0 and rows.max() < 95
            assert columns.min() > 0 and columns.max() < 127


def test_all_classes_appear():
    drawn = [drawn.category for scene in scenes(20) for drawn in scene.objects]
    assert set(drawn) == set(CATEGORIES)


@pytest.mark.parametrize('category', CATEGORIES)
def test_outlines_are_signed_distances_within_the_circle(category):
    axis = np.linspace(-1.2, 1.2, 481)
    x, y = np.meshgrid(axis, axis)
    distance = SHAPES[category].distance(x, y)
    assert 0.95 < np.hypot(x, y)[distance <= 0].max() <= 1.001
    # Near the outline, a step across it changes a distance by its own length.
    slope = np.hypot(*np.gradient(distance, axis[1] - axis[0]))
    near = np.abs(distance) < 0.02
    assert np.median(slope[near]) == pytest.approx(1, abs=0.02)


def test_ring_has_a_hole_and_star_five_points():
    assert SHAPES['ring'].distance(np.zeros(1), np.zeros(1)) > 0
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    inside = SHAPES['star'].distance(0.8 * np.cos(angle), 0.8 * np.sin(angle)) < 0
    assert np.count_nonzero(inside & ~np.roll(inside, 1)) == 5


def test_background_is_the_photograph():
    ramp = np.zeros((200, 300, 3), np.uint8)
    ramp[..., 0] = np.arange(200)[:, None]
    ramp[..., 2] = 40
    # Where nothing was drawn a crop of a vertical ramp is one, whatever its scale and mirroring.
    scene = draw_scene(Image.fromarray(ramp), (96, 128), np.random.default_rng(3))
    seen = np.any([drawn.visible for drawn in scene.objects], axis=0)
    clear = (scene.image[..., 2] == 40) & ~grown(seen, 2)
    assert clear.mean() > 0.2
    rows = [scene.image[row, clear[row], 0] for row in range(96) if clear[row].any()]
    assert all(np.ptp(row) <= 1 for row in rows)
    assert np.all(np.diff([row[0] for row in rows].copy()).astype(np.int8) >= 0)


def test_a_grey_scene_has_no_colour_and_is_brighter_towards_its_light():
    flat = Image.new('RGB', (300, 200), (140, 110, 90))
    for seed in range(8):
        scene = draw_scene(flat, (96, 128), np.random.default_rng(seed), grey=True)
        assert scene.image.shape == (96, 128, 3) and not chroma(scene.image).any()
        # What no object and no shadow touches is a plane: its second differences are rounding.
        seen = grown(np.any([drawn.visible for drawn in scene.objects], axis=0), 12)
        brightness = scene.image[..., 0].astype(int)
        y, x = np.nonzero(~seen)
        design = np.stack([x, y, np.ones_like(x)], axis=1)
        plane, *_ = np.linalg.lstsq(design, brightness[~seen], rcond=None)
        assert np.abs(design @ plane - brightness[~seen]).max() < 3
        assert np.abs(plane[:2] @ (128, 96)) + np.abs(plane[:2] @ (128, -96)) > 40


def test_grey_scenes_have_the_objects_of_coloured_ones():
    for seed in range(5):
        coloured, grey = (
            draw_scene(GREY, (96, 128), np.random.default_rng(seed), grey) for grey in (False, True)
        )
        for ours, theirs in zip(grey.objects, coloured.objects, strict=True):
            assert ours.category == theirs.category and (ours.visible == theirs.visible).all()
