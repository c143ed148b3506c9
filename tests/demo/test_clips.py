import json

import numpy as np
import pytest

from mmgreen.datasets.video import VideoFile
from mmgreen.demo.clips import make_demo_clips, write_clip
from mmgreen.demo.moving import MOTIONS
from mmgreen.errors import ExistingFileError, InputError

SMALL = dict(num_train=11, num_val=5, num_frames=4, size=32)


def files_below(root):
    paths = [path for path in root.rglob('*') if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    return make_demo_clips(tmp_path_factory.mktemp('clips') / 'data', **SMALL)


def test_a_folder_for_each_class_in_turn(written):
    assert written.num_clips == {'train': 11, 'val': 5}
    names = sorted(files_below(written.root))
    clips = [f'train/{list(MOTIONS)[(i - 1) % 5]}/{i:06d}.mp4' for i in range(1, 12)]
    clips += [f'val/{motion}/{i:06d}.mp4' for i, motion in enumerate(MOTIONS, 1)]
    assert names == sorted([*clips, 'photographs.json'])
    for name in clips:
        with VideoFile(str(written.root / name)) as video:
            assert len(video.frame_times()) == 4
            assert video.frames_at([0.0])[0].shape == (32, 32, 3)


def test_classes_share_photographs_and_splits_do_not(written):
    listing = json.loads((written.root / 'photographs.json').read_text(encoding='utf-8'))
    shown = listing['images']
    assert len({shown['train'][name] for name in list(shown['train'])[:5]}) == 1
    assert not set(shown['train'].values()) & set(shown['val'].values())
    terms = {each['file'] for each in listing['photographs'] if each['terms']}
    assert terms == set(shown['train'].values()) | set(shown['val'].values())


def test_a_clip_does_not_depend_on_how_many_there_are(written, tmp_path):
    make_demo_clips(tmp_path / 'few', **{**SMALL, 'num_train': 5})
    few, many = files_below(tmp_path / 'few'), files_below(written.root)
    few.pop('photographs.json')
    assert few == {name: many[name] for name in few}


def test_frames_come_back_as_they_were(tmp_path):
    across, down = np.meshgrid(np.arange(32), np.arange(32))
    frames = [
        np.stack([4 * across + 20 * i, 3 * down + 60, across + down + 90], -1).astype(np.uint8)
        for i in range(4)
    ]
    write_clip(tmp_path / 'new/clip.mp4', frames)
    with VideoFile(str(tmp_path / 'new/clip.mp4')) as video:
        read = video.frames_at(video.frame_times())
    for ours, theirs in zip(frames, read, strict=True):
        assert np.abs(ours[..., ::-1].astype(int) - theirs).mean() < 4


def test_another_set_takes_the_place_of_the_first_only_when_told(tmp_path):
    make_demo_clips(tmp_path, **SMALL)
    before = files_below(tmp_path)
    make_demo_clips(tmp_path, **SMALL)
    assert files_below(tmp_path) == before
    with pytest.raises(ExistingFileError, match='other settings'):
        make_demo_clips(tmp_path, **SMALL, seed=1)
    (tmp_path / 'train/left/mine.txt').touch()
    make_demo_clips(tmp_path, **{**SMALL, 'num_train': 1}, seed=1, overwrite=True)
    assert len(list((tmp_path / 'train').rglob('*.mp4'))) == 1
    assert (tmp_path / 'train/left/mine.txt').exists()


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / 'mine.txt').touch()
    with pytest.raises(ExistingFileError, match='name another folder'):
        make_demo_clips(tmp_path, **SMALL)


@pytest.mark.parametrize(
    ('wrong', 'sentence'),
    [
        (dict(num_train=0), 'num_train must be at least 1'),
        (dict(num_val=0), 'num_val must be at least 1'),
        (dict(num_frames=1), 'nothing moves'),
        (dict(size=33), 'even number'),
        (dict(size=16), 'at least 32'),
        (dict(seed=-1), 'seed must be'),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path, wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        make_demo_clips(tmp_path / 'new', **{**SMALL, **wrong})
    assert not (tmp_path / 'new').exists()
