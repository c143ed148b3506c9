import numpy as np
import pytest
from PIL import Image

from mmgreen.demo.moving import (
    BACKGROUND,
    BRIGHTNESS,
    MOTIONS,
    SPEED_SHARE,
    draw_clip,
    draw_poses,
    middle_frame,
)

SIZE = 64


def poses(motion, seed=0, num_frames=9):
    return np.array(draw_poses(motion, num_frames, SIZE, np.random.default_rng(seed)))


@pytest.mark.parametrize('seed', range(5))
def test_the_middle_frame_is_the_same_whatever_the_class(seed):
    for num_frames in (8, 9):
        middles = [poses(motion, seed, num_frames)[middle_frame(num_frames)] for motion in MOTIONS]
        for each in middles:
            np.testing.assert_array_equal(each, middles[0])


@pytest.mark.parametrize('seed', range(5))
def test_only_what_the_class_names_changes_and_evenly(seed):
    x, radius, angle = 0, 2, 3
    changed = {
        'growing': (radius, 1),
        'left': (x, -1),
        'right': (x, 1),
        'shrinking': (radius, -1),
        'turning': (angle, 1),
    }
    assert changed.keys() == MOTIONS.keys()
    for motion, (column, sign) in changed.items():
        each = poses(motion, seed)
        each[:, radius] = np.log(each[:, radius])
        steps = np.diff(each, axis=0)
        np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-9)
        assert np.sign(steps[0, column]) == sign
        others = np.delete(steps, column, axis=1)
        np.testing.assert_allclose(others, 0, atol=1e-9)


def centre_and_area(frame):
    """Of the shape's pixels, before a black photograph."""
    bright = frame.max(axis=-1) > (BACKGROUND[0] + 255 * BRIGHTNESS[0]) / 2
    return np.array([each.mean() + 0.5 for each in np.nonzero(bright)[::-1]]), bright.sum()


@pytest.mark.parametrize('motion', ['left', 'right', 'turning'])
def test_the_centre_of_the_shape_moves_by_the_speed(motion):
    black = Image.new('RGB', (90, 80))
    for seed in range(6):
        clip = draw_clip(black, motion, 9, SIZE, np.random.default_rng(seed))
        assert clip.shape == (9, SIZE, SIZE, 3) and clip.dtype == np.uint8
        centres, areas = zip(*map(centre_and_area, clip[3:6]), strict=True)
        moved = np.diff(centres, axis=0)
        way = MOTIONS[motion].right
        low, high = np.array(SPEED_SHARE) * SIZE if way else (0, 0)
        assert (way * moved[:, 0] >= low - 0.7).all() and (way * moved[:, 0] <= high + 0.7).all()
        assert np.abs(moved[:, 1]).max() < 0.7
        assert max(areas) < 1.15 * min(areas)


@pytest.mark.parametrize(('motion', 'sign'), [('growing', 1), ('shrinking', -1)])
def test_it_grows_or_shrinks(motion, sign):
    clip = draw_clip(Image.new('RGB', (90, 80)), motion, 5, SIZE, np.random.default_rng(0))
    areas = [centre_and_area(frame)[1] for frame in clip]
    assert (sign * np.diff(areas) > 0).all()


def test_what_is_behind_slides_and_stays_dim():
    squares = np.random.default_rng(0).choice([0, 255], (9, 8)).astype(np.uint8)
    photograph = Image.fromarray(squares.repeat(10, axis=0).repeat(10, axis=1))
    clip = draw_clip(photograph, 'turning', 8, SIZE, np.random.default_rng(1))
    assert (clip == clip[..., :1]).all()  # grey
    corner = clip[:, :8, :8].astype(int)
    assert np.abs(np.diff(corner, axis=0)).max() > 10
    assert corner.max() <= BACKGROUND[0] + BACKGROUND[1] * 255 + 1
