import json

import pytest
from mmengine.logging import MMLogger

from mmgreen.datasets.clip_lists import (
    ListedVideo,
    labels_as_numbers,
    read_clip_list,
    those_there,
)
from mmgreen.datasets.errors import DataError


def listed(tmp_path, text, name='list.csv'):
    (tmp_path / name).write_text(text)
    return read_clip_list(str(tmp_path / name))


@pytest.mark.parametrize(
    'text',
    ['a b/1.mp4 3\nc/2.mp4 0\n', 'a b/1.mp4,3\n\nc/2.mp4, 0', 'a b/1.mp4\t3\nc/2.mp4\t0\n'],
)
def test_a_path_and_a_number(tmp_path, text):
    assert listed(tmp_path, text) == [('a b/1.mp4', '3'), ('c/2.mp4', '0')]


def test_paths_alone(tmp_path):
    assert listed(tmp_path, '1.mp4\n2.mp4\n') == [('1.mp4', None), ('2.mp4', None)]


def test_paths_alone_may_have_spaces_and_commas(tmp_path):
    names = ['my clip.mp4', 'b, c/left turn.MOV']
    assert listed(tmp_path, '\n'.join(names)) == [(name, None) for name in names]


def test_the_published_csv_of_kinetics(tmp_path):
    text = 'label,youtube_id,time_start,time_end,split\n"playing, chess",-ab_c,7,17,train\n'
    assert listed(tmp_path, text) == [('-ab_c_000007_000017.mp4', 'playing, chess')]


def test_something_something(tmp_path):
    entries = [
        dict(id='78687', label='holding potato', template='Holding [something] up'),
        dict(id='1', label='x', template='Closing [something]'),
    ]
    videos = listed(tmp_path, json.dumps(entries), 'train.json')
    assert videos[0] == ('78687.webm', 'Holding something up')
    labels, classes = labels_as_numbers(videos, None, 'train.json')
    assert (labels, classes) == ([1, 0], ('Closing something', 'Holding something up'))
    assert listed(tmp_path, '[{"id": "4"}]', 'test.json') == [('4.webm', None)]


@pytest.mark.parametrize(
    ('text', 'name', 'sentence'),
    [
        ('', 'a.csv', 'names no video'),
        ('{"a": 1}', 'a.json', 'is no list of videos'),
        ('no json', 'a.json', 'is no list of videos'),
        ('label,youtube_id,time_start,time_end\nx,y,z,1\n', 'a.csv', 'is no list of videos'),
        ('a.mp4,1\nb.mp4,\n', 'a.csv', '1 of 2 lines of .* have no label'),
    ],
)
def test_what_is_no_list_is_one_sentence(tmp_path, text, name, sentence):
    with pytest.raises(DataError, match=sentence) as error:
        listed(tmp_path, text, name)
    assert '\n' not in str(error.value)


class TestThoseThere:
    VIDEOS = tuple(ListedVideo(f'{i}.mp4', None) for i in range(6))

    def test_missing_ones_are_counted_and_named(self, tmp_path, monkeypatch):
        said = []
        monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', said.append)
        (tmp_path / '4.mp4').touch()
        assert those_there(self.VIDEOS, str(tmp_path), 'l.csv') == [('4.mp4', None)]
        assert '5 of the 6 videos in l.csv are not in' in said[0]
        assert '0.mp4, 1.mp4, 2.mp4 first; they are left out' in said[0]

    def test_none_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match='6 of the 6 .* 2.mp4 first; set data_root'):
            those_there(self.VIDEOS, str(tmp_path), 'l.csv')


class TestLabels:
    def test_numbers(self):
        videos = [ListedVideo('a', '3'), ListedVideo('b', '0')]
        assert labels_as_numbers(videos, None, 'l') == ([3, 0], ('0', '1', '2', '3'))
        assert labels_as_numbers(videos, ['w', 'x', 'y', 'z'], 'l')[1] == ('w', 'x', 'y', 'z')

    @pytest.mark.parametrize(('label', 'sentence'), [(None, 'no labels'), ('cat', "'cat', which")])
    def test_refused(self, label, sentence):
        with pytest.raises(DataError, match=sentence):
            labels_as_numbers([ListedVideo('a', label)], ['dog'], 'l')
