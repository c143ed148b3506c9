import numpy as np
import pytest
from PIL import Image

from mmgreen.datasets.errors import UnreadableVideoError
from mmgreen.datasets.frame_folder import FrameFolder


def save(path, shade, size=(30, 20)):
    Image.new('RGB', size, (shade, 0, 0)).save(path)


def test_frames_are_read_in_the_order_of_their_numbers(tmp_path):
    for i in range(1, 12):
        save(tmp_path / f'img_{i}.png', 10 * i)
    (tmp_path / 'notes.txt').write_text('')
    with FrameFolder(str(tmp_path), rate=4.0) as video:
        assert video.duration == 11 / 4
        assert np.allclose(video.frame_times(), np.arange(11) / 4)
        frames = video.frames_at([2.4, 0.0, 0.25, 0.49, 99.0])
        assert [each[0, 0, 2] for each in frames] == [100, 10, 20, 20, 110]
        assert frames[2] is frames[3]
        assert video.frames_at([0.0], short_side=10)[0].shape == (10, 15, 3)


def test_what_is_no_video(tmp_path):
    with pytest.raises(UnreadableVideoError, match='has no frame'):
        FrameFolder(str(tmp_path), 30)
    with pytest.raises(UnreadableVideoError, match='No such file'):
        FrameFolder(str(tmp_path / 'gone'), 30)
    save(tmp_path / '1.png', 0)
    save(tmp_path / '2.png', 0, (31, 20))
    with FrameFolder(str(tmp_path), 1) as video, pytest.raises(UnreadableVideoError) as error:
        video.frames_at([0.0, 1.0])
    assert 'different sizes' in str(error.value)
