import numpy as np
import pytest

from mmgreen.datasets.clip_times import clip_indices, clip_times
from mmgreen.datasets.seeding import seeded


class TestTimes:
    def test_spread_clips_begin_with_the_video_and_end_with_it(self):
        times = clip_times(10.0, 25.0, 5, 4, 0.5, spread=True)
        assert times.shape == (5, 4)
        assert np.allclose(np.diff(times), 0.5)
        last = 10 - 1 / 25 - 1.5
        assert np.allclose(times[:, 0], np.array([0, 1, 2, 3, 4]) * last / 4)
        assert np.allclose(clip_times(10.0, 25.0, 1, 4, 0.5, spread=True)[0, 0], last / 2)

    def test_drawn_clips_lie_inside_and_follow_from_the_seed(self):
        with seeded(1):
            one = clip_times(10.0, 25.0, 100, 4, 0.5, spread=False)
        with seeded(1):
            same = clip_times(10.0, 25.0, 100, 4, 0.5, spread=False)
        assert np.array_equal(one, same)
        assert one.min() >= 0 and one.max() < 10 - 1 / 25 and one[:, 0].std() > 1

    def test_of_a_short_video_it_is_what_there_is_and_then_more(self):
        times = clip_times(1.0, 25.0, 2, 4, 0.5, spread=False)
        assert np.allclose(times, [[0, 0.5, 1, 1.5]] * 2)

    @pytest.mark.parametrize('spread', [True, False])
    def test_without_a_step_each_part_of_the_video_gives_a_frame(self, spread):
        times = clip_times(8.0, 25.0, 3, 4, None, spread)
        assert np.array_equal(times // 2, [[0, 1, 2, 3]] * 3)
        if spread:
            assert np.allclose(times[:, 0], [1 / 3, 1, 5 / 3])


class TestIndices:
    def test_spread(self):
        indices = clip_indices(100, 3, 4, 5, spread=True)
        assert indices.tolist() == [[0, 5, 10, 15], [42, 47, 52, 57], [84, 89, 94, 99]]

    def test_drawn_to_the_last_place(self):
        starts = clip_indices(20, 500, 4, 5, spread=False)[:, 0]
        assert set(starts) == {0, 1, 2, 3, 4}

    def test_without_a_step(self):
        assert clip_indices(8, 1, 4, None, spread=True).tolist() == [[1, 3, 5, 7]]
