import json

import pytest

from mmgreen.datasets.conversion.reading import read_folder
from mmgreen.datasets.conversion.records import LabelledImage
from mmgreen.datasets.errors import DataError
from mmgreen.errors import InputError


def read(folder, style='voc', **settings):
    return read_folder(str(folder), style, **settings)


@pytest.fixture
def three(picture, voc):
    """Pictures with two objects, with none, and without a file."""
    for name in 'cab':
        picture(f'{name}.png')
    voc('c.xml', [('dog', 1, 1, 9, 9), ('cat', 2, 2, 9, 9)], 'c.png')
    voc('a.xml', [('dog', 1, 1, 9, 9), ('dog', 5, 5, 5, 5)], 'a.png')


def test_order_names_and_numbers(three, folder):
    found = read(folder)
    assert found.classes == ('cat', 'dog')
    assert [image.file_name for image in found.images] == ['a.png', 'c.png']
    assert [each.source_id for image in found.images for each in image.objects] == [1, 3, 4]
    assert [len(image.left_out) for image in found.images] == [1, 0]
    assert found.num_without_file == 1


def test_pictures_without_a_file_as_background(three, folder):
    found = read(folder, background=True)
    assert found.images[1] == LabelledImage('b.png', 40, 30) and found.num_without_file == 0


def test_classes_that_are_wanted(three, folder):
    found = read(folder, classes=['dog'])
    assert found.classes == ('dog',)
    assert [len(image.objects) for image in found.images] == [1, 1]
    assert found.images[1].left_out[0].what == 'cat'
    with pytest.raises(DataError, match='bird'):
        read(folder, classes=['bird'])


def test_all_complaints_in_one_go(three, voc, text, folder):
    voc('gone.xml', filename='gone.png')
    text('b.xml', 'no XML')
    voc('again.xml', filename='a.png')
    with pytest.raises(DataError) as error:
        read(folder)
    for name in ('gone.xml', 'b.xml', 'a.png: 2 annotation files'):
        assert name in str(error.value)
    found = read(folder, skip_broken=True)
    assert [image.file_name for image in found.images] == ['c.png']
    assert len(found.complaints) == 3
    with pytest.raises(InputError, match='--background'):
        read(folder, skip_broken=True, background=True)


def test_boxes_are_looked_at_as_a_training_does(picture, voc, folder):
    picture('a.png')
    voc('a.xml', [('dog', 0.1, 0.1, 0.5, 0.5)] * 3)
    with pytest.raises(DataError, match='fractions of 1'):
        read(folder)


def test_turned_pictures_are_counted(picture, voc, folder):
    picture('a.jpg', orientation=3)
    voc('a.xml', [('dog', 1, 1, 9, 9)], 'a.jpg')
    assert read(folder).num_turned == 1


def test_which_file(three, text, folder):
    rows = 'image_path,xmin,ymin,xmax,ymax,label\na.png,1,2,11,22,cat\n'
    text('one.csv', rows)
    assert read(folder, 'csv').classes == ('cat',)
    text('two.csv', rows.replace('cat', 'dog'))
    with pytest.raises(InputError, match='2 files ending in .csv'):
        read(folder, 'csv')
    assert read(folder, 'csv', annotations=str(folder / 'two.csv')).classes == ('dog',)
    with pytest.raises(InputError, match='no file'):
        read(folder, 'csv', annotations='gone.csv')


def test_what_is_not_there(picture, folder):
    picture('a.png')
    with pytest.raises(InputError, match='no file of voc annotations'):
        read(folder)
    with pytest.raises(InputError, match='no format'):
        read(folder, 'kitti')


def test_masks_and_order_of_other_formats(picture, text, folder):
    picture('a.png')
    outline = dict(label='cat', points=[[1, 2], [11, 2], [11, 12]], shape_type='polygon')
    text('a.json', json.dumps(dict(imagePath='a.png', shapes=[outline])))
    assert read(folder, 'labelme').images[0].objects[0].segmentation
    text('classes.txt', 'zebra\ncat')
    text('a.txt', '0 0.5 0.5 0.1 0.1')
    assert read(folder, 'yolo').classes == ('zebra', 'cat')
