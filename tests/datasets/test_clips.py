import shutil

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from PIL import Image
from reference_videos import moving, write_sound, write_video

from mmgreen.datasets import clips as clips_module
from mmgreen.datasets.clips import LabelledClips, UnlabelledClips
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import UnlabelledImages
from mmgreen.datasets.seeding import SeededIndex
from mmgreen.errors import MissingPackageError


def pipeline(num_clips=1, **settings):
    crop = dict(type='mmpretrain.RandomResizedCrop', scale=32)
    return [
        dict(type='mmgreen.ReadClips', num_frames=4, num_clips=num_clips, **settings),
        dict(type='mmgreen.ForEachClip', transforms=[crop]),
        dict(type='mmgreen.PackClips'),
    ]


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('made')
    for i in range(4):
        write_video(folder / f'{"ab"[i % 2]}/{i}.mp4', moving(30), fps=30)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made, tmp_path / 'videos')
    return tmp_path / 'videos'


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', lines.append)
    return lines


def test_clips_follow_from_the_seed(folder):
    data = UnlabelledClips(str(folder), pipeline=pipeline(2))
    assert len(data) == 4 and data.clips_per_video == 2
    one, same, other = (data[SeededIndex(1, seed)]['inputs'] for seed in (7, 7, 8))
    assert len(one) == 2 and one[0].shape == (3, 4, 32, 32) and one[0].dtype == torch.uint8
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0], other[0]) and not torch.equal(one[0], one[1])
    assert not data.short().any()


def test_a_broken_file_is_named_once_counted_and_replaced(folder, said):
    write_sound(folder / 'a/0.mp4')
    data = UnlabelledClips(str(folder), pipeline=pipeline())
    for seed in range(3):
        assert data[SeededIndex(0, seed)]['data_samples'].img_path != str(folder / 'a/0.mp4')
    assert int(data.unreadable().sum()) == 1
    assert len(said) == 1 and 'Skipped an unreadable video' in said[0] and 'sound' in said[0]
    with pytest.raises(DataError, match='to be scored'):
        UnlabelledClips(str(folder), pipeline=pipeline(), test_mode=True)[0]


def test_short_videos_are_counted_and_one_frame_is_said_once(folder, said):
    write_video(folder / 'a/0.mp4', moving(1), fps=30)
    write_video(folder / 'b/1.mp4', moving(5), fps=30)
    data = UnlabelledClips(str(folder), pipeline=pipeline())
    for index in (0, 0, 1, 2, 3):
        data[SeededIndex(index, 0)]
    paths = [data.get_data_info(i)['img_path'][-5:] for i in range(4) if data.short()[i]]
    assert paths == ['0.mp4', '1.mp4']
    assert len(said) == 1 and 'a/0.mp4 has one frame, so nothing moves' in said[0]


class TestLabels:
    def test_by_folder(self, folder):
        data = LabelledClips(str(folder), pipeline=pipeline())
        assert data.CLASSES == ('a', 'b')
        assert [data.get_data_info(i)['gt_label'] for i in range(4)] == [0, 0, 1, 1]
        assert int(data[2]['data_samples'].gt_label) == 1

    def test_by_list(self, folder, said):
        (folder / 'train.csv').write_text('a/0.mp4 1\ngone.mp4 0\nb/3.mp4 0\n')
        data = LabelledClips(str(folder), ann_file='train.csv', pipeline=pipeline())
        assert [data.get_data_info(i)['gt_label'] for i in range(len(data))] == [1, 0]
        assert data.CLASSES == ('0', '1') and '1 of the 3 videos' in said[0]
        assert len(UnlabelledClips(str(folder), ann_file='train.csv')) == 2
        metainfo = dict(classes=('x',))
        with pytest.raises(DataError, match='the label 1, but there are 1 classes'):
            LabelledClips(str(folder), ann_file='train.csv', metainfo=metainfo)


def test_folders_of_frames(tmp_path):
    for name, number in (('a/one', 12), ('b/two', 3)):
        (tmp_path / name).mkdir(parents=True)
        for i in range(number):
            pixels = np.full((40, 50, 3), 20 * i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f'{i + 1}.png')
    settings = dict(frames_in_folders=True, pipeline=pipeline(stride=2, by='index'))
    data = LabelledClips(str(tmp_path), **settings)
    assert len(data) == 2 and data.CLASSES == ('a', 'b')
    shades = data[0]['inputs'][0, :, 0, 0].tolist()
    assert np.diff(shades).tolist() == [40] * 3
    assert data[1]['inputs'][0, :, 0, 0].tolist() == [0, 40, 40, 40]
    assert data.short().tolist() == [0, 1]


class TestRefused:
    def test_an_empty_folder(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r'holds no video .*\.mp4.* Set the folder'):
            UnlabelledClips(str(tmp_path))
        with pytest.raises(FileNotFoundError, match='The video folder .* does not exist'):
            UnlabelledClips(str(tmp_path / 'gone'))

    def test_images_for_clips_and_the_reverse(self, folder, tmp_path):
        with pytest.raises(FileNotFoundError, match='It holds 4 videos: take a config for clips'):
            UnlabelledImages(str(folder))
        (tmp_path / 'images').mkdir()
        Image.new('RGB', (9, 9)).save(tmp_path / 'images/1.png')
        with pytest.raises(FileNotFoundError, match='It holds 1 images: take a config for images'):
            UnlabelledClips(str(tmp_path / 'images'))

    def test_without_the_decoder(self, folder, monkeypatch):
        def missing():
            raise MissingPackageError('no decoder')

        monkeypatch.setattr(clips_module, 'check_decoder', missing)
        with pytest.raises(MissingPackageError):
            UnlabelledClips(str(folder))
        UnlabelledClips(str(folder), frames_in_folders=True, lazy_init=True)
