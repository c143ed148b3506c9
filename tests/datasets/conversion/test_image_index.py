import unicodedata

import pytest

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.errors import DataError
from mmgreen.errors import MissingFileError


def test_sizes_are_those_of_the_picture_as_shown(picture, folder):
    picture('a.jpg', orientation=6)
    picture('b.png')
    index = ImageIndex(str(folder))
    assert index.size_of('a.jpg') == (30, 40, True) and index.size_of('b.png') == (40, 30, False)


def test_a_file_that_is_no_picture(picture, folder, text):
    picture('a.png')
    text('b.png', 'no picture')
    with pytest.raises(DataError, match='b.png cannot be read'):
        ImageIndex(str(folder)).size_of('b.png')


@pytest.mark.parametrize(
    ('name', 'annotation_file', 'found'),
    [
        ('b ü#.png', 'labels/x.xml', 'images/b ü#.png'),
        ('B Ü#.PNG', 'x.xml', 'images/b ü#.png'),
        (unicodedata.normalize('NFD', 'b ü#.png'), 'x.xml', 'images/b ü#.png'),
        (r'C:\photographs\v1.2.jpg', 'x.xml', 'images/v1.2.jpg'),
        ('v1.2.tif', 'x.xml', 'images/v1.2.jpg'),
        ('v1.2', 'x.xml', 'images/v1.2.jpg'),
        ('renamed.png', 'labels/v1.2.xml', 'images/v1.2.jpg'),
        ('1.png', 'labels/north/1.xml', 'images/north/1.png'),
        ('south/1.png', 'table.csv', 'images/south/1.png'),
        ('images/south/1.png', 'table.csv', 'images/south/1.png'),
    ],
)
def test_the_picture_that_is_meant(picture, folder, name, annotation_file, found):
    for each in ('b ü#.png', 'v1.2.jpg', 'north/1.png', 'south/1.png'):
        picture(f'images/{each}')
    assert ImageIndex(str(folder)).find(name, annotation_file) == found


def test_two_that_nothing_tells_apart(picture, folder):
    picture('north/1.png')
    picture('south/1.png')
    with pytest.raises(DataError, match='2 pictures are called 1.png'):
        ImageIndex(str(folder)).find('1.png', 'all/1.xml')


def test_one_that_is_not_there(picture, folder):
    picture('a.png')
    with pytest.raises(DataError, match='no picture gone.png'):
        ImageIndex(str(folder)).find('gone.png', 'gone.xml')


def test_folders_without_pictures(folder):
    with pytest.raises(MissingFileError, match='holds no image'):
        ImageIndex(str(folder))
    with pytest.raises(MissingFileError, match='no folder'):
        ImageIndex(str(folder / 'gone'))
