import pytest
from PIL import Image
from reference_videos import moving, write_video

from mmgreen.datasets.read_clips import ReadClips
from mmgreen.datasets.sources import reads_clips, source_files

IMAGES = dict(pipeline=[dict(type='mmgreen.ReadImage')])
CLIPS = dict(pipeline=[dict(type='mmgreen.ReadClips')])


@pytest.fixture
def folder(tmp_path):
    for name in ('b.png', 'a/c.jpg', 'a/d.jpg'):
        (tmp_path / 'images' / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (8, 8)).save(tmp_path / 'images' / name)
    for name in ('y.mp4', 'a/x.avi'):
        write_video(tmp_path / 'videos' / name, moving(2))
    return tmp_path


def found(folder, path, dataset, **settings):
    files = source_files(str(folder / path), dataset, **settings)
    return [file.removeprefix(f'{folder}/') for file in files]


def test_a_data_set_of_clips_is_told_by_its_pipeline():
    assert reads_clips(CLIPS) and not reads_clips(IMAGES) and not reads_clips({})
    assert reads_clips(dict(pipeline=[dict(type=ReadClips)]))  # of a config in pure Python


def test_what_the_config_reads_is_found(folder):
    assert found(folder, 'images', IMAGES) == ['images/a/c.jpg', 'images/a/d.jpg', 'images/b.png']
    assert found(folder, 'videos', CLIPS) == ['videos/a/x.avi', 'videos/y.mp4']
    assert found(folder, 'videos', CLIPS, limit=1) == ['videos/a/x.avi']
    assert found(folder, 'videos/y.mp4', CLIPS) == ['videos/y.mp4']


def test_a_folder_of_frames_is_one_video(folder):
    frames = dict(CLIPS, frames_in_folders=True)
    assert found(folder, 'images/a', frames) == ['images/a']
    (folder / 'images/b.png').unlink()
    assert found(folder, 'images', frames) == ['images/a']


@pytest.mark.parametrize(
    ('path', 'dataset', 'sentence'),
    [
        ('videos', IMAGES, 'holds no image; .*It holds 2 videos: take a config for clips'),
        ('images', CLIPS, 'holds no video; .*It holds 3 images: take a config for images'),
        ('videos/y.mp4', IMAGES, 'y.mp4 is a video, and the config takes images'),
        ('images/b.png', CLIPS, 'b.png is an image, and the config takes clips'),
        ('gone', CLIPS, 'There is no file or folder .*gone'),
    ],
)
def test_the_other_kind_is_refused(folder, path, dataset, sentence):
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        found(folder, path, dataset)
