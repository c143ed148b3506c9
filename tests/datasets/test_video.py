import os

import cv2
import numpy as np
import pytest
from reference_videos import decoded, moving, write_sound, write_video

from mmgreen.datasets import video
from mmgreen.datasets.errors import UnreadableVideoError
from mmgreen.datasets.video import VideoFile, allowed_threads, check_decoder
from mmgreen.errors import MissingPackageError

FRAMES = moving(40)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """40 frames at 10 a second in each container, a key frame every 8, and odd ones."""
    folder = tmp_path_factory.mktemp('videos')
    for ending in ('.mp4', '.webm', '.mkv', '.avi'):
        write_video(folder / f'plain{ending}', FRAMES)
    uneven = np.cumsum(np.where(np.arange(40) % 10 < 5, 0.05, 0.4))
    for ending in ('.mp4', '.mkv'):
        write_video(folder / f'uneven{ending}', FRAMES, times=uneven - uneven[0])
    write_video(folder / 'late.mkv', FRAMES, times=np.arange(40) / 10 + 3)
    return folder


def frame_of(time, times):
    """The last frame that is not later, with the half millisecond that mkv rounds away."""
    return max(0, int((times <= time + 6e-4).sum()) - 1)


NAMES = (
    'plain.mp4',
    'plain.webm',
    'plain.mkv',
    'plain.avi',
    'uneven.mp4',
    'uneven.mkv',
    'late.mkv',
)


@pytest.mark.parametrize('name', NAMES)
class TestEveryContainer:
    def test_frames_at_any_times_are_those_decoded_from_the_start(self, folder, name):
        times, frames = decoded(folder / name)
        wanted = np.random.default_rng(0).uniform(0, times[-1], 12)
        wanted = [*wanted, *times[[0, 7, 8, 9, 39]], times[-1] + 60]
        with VideoFile(str(folder / name)) as file:
            for some in (wanted, sorted(wanted)[-3:], wanted[:1]):
                for time, got in zip(some, file.frames_at(some), strict=True):
                    place = frame_of(time, times)
                    assert np.array_equal(got, frames[place]), (time, place)

    def test_times_of_frames_are_known_without_decoding(self, folder, name):
        times, _ = decoded(folder / name)
        with VideoFile(str(folder / name)) as file:
            assert np.allclose(file.frame_times(), times, atol=1e-6)
            assert file.num_decoded == 0

    def test_the_duration_reaches_from_the_first_frame_to_the_end_of_the_last(self, folder, name):
        times, _ = decoded(folder / name)
        with VideoFile(str(folder / name)) as file:
            # What B-frames wait for is not counted in the length of an mp4.
            assert file.duration == pytest.approx(
                times[-1] + 0.1, abs=0.75 if 'uneven' in name else 0.11
            )
            assert file.rate == pytest.approx(10) or name == 'uneven.mp4'


@pytest.fixture(scope='module')
def long(tmp_path_factory):
    """Ten minutes; an hour is only longer."""
    still = np.full((32, 32, 3), 100, np.uint8)
    path = tmp_path_factory.mktemp('long') / 'long.mp4'
    return str(write_video(path, [still] * 600, fps=1, gop=20))


class TestWhatIsDecoded:
    def test_a_clip_costs_what_lies_between_its_key_frame_and_its_end(self, long):
        with VideoFile(long) as file:
            file.frames_at([410.0, 412.0, 415.0])
            assert file.num_decoded <= 16 + 20

    def test_clips_far_apart_do_not_cost_what_lies_between(self, long):
        with VideoFile(long) as file:
            file.frames_at([1.0, 2.0, 300.0, 301.0, 599.0])
            assert file.num_decoded <= 3 * 40

    def test_clips_that_overlap_are_decoded_once(self, long):
        with VideoFile(long) as file:
            one = file.frames_at([100.0, 110.0])
            before = file.num_decoded
            many = file.frames_at([100.0, 110.0, 102.0, 108.0, 100.0])
            assert file.num_decoded == 2 * before
        assert many[0] is many[4] and np.array_equal(many[1], one[1])


@pytest.mark.parametrize('rotation', [90, -90, 180])
def test_rotation_is_applied_as_opencv_applies_it(tmp_path, rotation):
    frames = moving(4)
    path = str(write_video(tmp_path / 'turned.mp4', frames, rotation=rotation))
    _, judge = cv2.VideoCapture(path).read()
    with VideoFile(path) as file:
        (got,) = file.frames_at([0.0])
    assert got.shape == judge.shape == ((48, 64, 3) if rotation == 180 else (64, 48, 3))
    assert np.abs(got.astype(int) - judge).mean() < 3


def test_larger_frames_are_made_smaller(tmp_path):
    path = str(write_video(tmp_path / 'large.mp4', moving(3, 96, 64)))
    with VideoFile(path) as file:
        (small,), (whole,) = file.frames_at([0.1], 32), file.frames_at([0.1], 500)
    assert small.shape == (32, 48, 3) and whole.shape == (64, 96, 3)
    judge = cv2.resize(whole, (48, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - judge).mean() < 4


@pytest.mark.parametrize('size', [(63, 47), (2, 2), (130, 17)])
def test_odd_sizes(tmp_path, size):
    width, height = size
    frames = moving(3, width + 20, height + 60)[:, :height, :width]
    path = str(write_video(tmp_path / 'odd.avi', frames, codec='ffv1', b_frames=0))
    with VideoFile(path) as file:
        assert file.frames_at([0.2])[0].shape == (height, width, 3)


class TestWhatCannotBeRead:
    def refused(self, path, times=(0.0,)):
        with pytest.raises(UnreadableVideoError) as error, VideoFile(str(path)) as file:
            file.frames_at(times)
        assert str(path) in str(error.value) and '\n' not in str(error.value)
        return str(error.value)

    def test_no_file(self, tmp_path):
        assert 'No such file' in self.refused(tmp_path / 'gone.mp4')

    def test_no_video(self, tmp_path):
        (tmp_path / 'text.mp4').write_text('no video at all')
        assert 'Invalid data' in self.refused(tmp_path / 'text.mp4')
        (tmp_path / 'empty.mp4').write_bytes(b'')
        self.refused(tmp_path / 'empty.mp4')

    def test_sound(self, tmp_path):
        assert 'is it a sound file?' in self.refused(write_sound(tmp_path / 'sound.mp4'))

    @pytest.mark.parametrize(
        ('ending', 'options'),
        [('.mp4', {}), ('.mp4', dict(movflags='faststart')), ('.avi', {}), ('.mkv', {})],
    )
    def test_cut_off(self, tmp_path, ending, options):
        content = write_video(tmp_path / f'whole{ending}', moving(80), **options).read_bytes()
        path = tmp_path / f'cut{ending}'
        path.write_bytes(content[: len(content) * 6 // 10])
        text = self.refused(path, [0.0, 7.5])
        assert 'Invalid data' in text if ending == '.mp4' else 'seconds: it was cut off' in text
        if ending != '.mp4':  # what is there can be had
            with VideoFile(str(path)) as file:
                assert len(file.frames_at([0.0, 2.0])) == 2


def test_without_the_decoder_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(video, 'find_spec', lambda name: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'mmgreen\[video\]'"):
        check_decoder()
    with pytest.raises(MissingPackageError):
        VideoFile('some.mp4')


def test_threads_of_all_workers_have_a_core_each(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: set(range(16)))
    assert allowed_threads(1) == 1 and allowed_threads(4) == 4 and allowed_threads(64) == 16
    monkeypatch.setattr(video, 'get_worker_info', lambda: type('', (), {'num_workers': 4}))
    assert allowed_threads(8) == 4
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '8')
    assert allowed_threads(8) == 1
