import numpy as np
import pytest
from reference_videos import decoded, moving, write_video

from mmgreen.datasets.read_clips import ReadClips
from mmgreen.datasets.video import VideoFile


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    """60 frames at 15 a second."""
    return str(write_video(tmp_path_factory.mktemp('videos') / 'a.mp4', moving(60, 200), fps=15))


def places(path, **settings):
    """Which frames of the video each clip has, and the whole result."""
    _, frames = decoded(path)
    results = ReadClips(**settings)(dict(img_path=path))
    found = [
        [next(i for i, each in enumerate(frames) if np.array_equal(each, f)) for f in c['frames']]
        for c in results['clips']
    ]
    return found, results


def test_a_stride_lasts_as_long_in_any_video(path):
    # 4 frames of 30 a second are 2 of 15.
    (clip,), results = places(path, num_frames=8, stride=4, spread=True)
    assert np.diff(clip).tolist() == [2] * 7 and 20 <= clip[0] <= 23
    assert results['img_shape'] == results['ori_shape'] == (48, 200)
    assert results['num_repeated'] == 0


def test_by_index_it_is_as_many_frames(path):
    clips, _ = places(path, num_frames=8, stride=4, by='index', num_clips=2, spread=True)
    assert clips == [list(range(0, 32, 4)), list(range(31, 60, 4))]


def test_the_last_frame_is_repeated_and_counted(path):
    (clip,), results = places(path, num_frames=16, stride=12, num_clips=1)
    assert clip == [0, 6, 12, 18, 24, 30, 36, 42, 48, 54, *[59] * 6]
    assert (results['num_repeated'], results['num_different']) == (6, 11)
    (clip,), results = places(path, num_frames=16, stride=12, by='index')
    assert clip == [0, 12, 24, 36, 48, *[59] * 11] and results['num_repeated'] == 11


def test_several_clips_of_a_video_are_decoded_once(path, monkeypatch):
    opened = []
    plain = VideoFile.__init__
    monkeypatch.setattr(
        VideoFile, '__init__', lambda self, *a: (opened.append(self), plain(self, *a))[0]
    )
    ReadClips(num_frames=8, num_clips=4)(dict(img_path=path))
    assert len(opened) == 1 and opened[0].num_decoded <= 60 + 12


@pytest.mark.parametrize('settings', [dict(num_frames=0), dict(num_clips=0), dict(by='frame')])
def test_what_is_refused(settings):
    with pytest.raises(ValueError, match=f'{next(iter(settings))} of ReadClips must be'):
        ReadClips(**settings)
