import pytest

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.yolo import read_yolo
from mmgreen.datasets.errors import DataError
from mmgreen.errors import MissingFileError


@pytest.fixture
def data(picture, text, folder):
    picture('images/train/a.png')
    text('data.yaml', 'names:\n  0: cat\n  1: dog\n')

    def read(labels):
        text('labels/train/a.txt', labels)
        return read_yolo(ImageIndex(str(folder)))

    return read


def test_boxes_are_fractions_of_the_picture(data):
    names, (image,) = data('1 0.5 0.5 0.25 0.1\n\n0 0.1 0.1 0.2 0.2')
    assert names == ['cat', 'dog'] and image[:3] == ('images/train/a.png', 40, 30)
    dog, cat = image.objects
    assert dog.category == 'dog' and dog.box == pytest.approx((15, 13.5, 10, 3))
    assert cat.category == 'cat' and cat.box == pytest.approx((0, 0, 8, 6))


def test_outlines(data):
    _, (image,) = data('0 0.25 0.5 0.5 0.5 0.5 1')
    (cat,) = image.objects
    assert cat.box == (10, 15, 10, 15) and cat.segmentation == [[10, 15, 20, 15, 20, 30]]


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('2 0.5 0.5 0.1 0.1', 'class 2'),
        ('0.5 0.5 0.5 0.1 0.1', 'class 0.5'),
        ('0 0.5 0.5 0.1', '4 numbers'),
        ('0 0.5 0.5 0.1 0.1 0.9', '6 numbers'),
        ('0 12 15 8 6', 'between 0 and 1'),
        ('cat 0.5 0.5 0.1 0.1', 'not numbers'),
        ('0 nan 0.5 0.1 0.1', 'not numbers'),
    ],
)
def test_lines_that_are_wrong_are_named_all(data, line, said):
    _, (complaint,) = data(f'0 0.5 0.5 0.1 0.1\n{line}\n9 0 0 0 0')
    assert 'line 2: ' in complaint.text and said in complaint.text
    assert 'line 3: class 9' in complaint.text


def test_an_empty_file_is_a_picture_without_objects(data):
    _, (image,) = data('')
    assert image.objects == ()


def test_labels_of_no_picture(data, text):
    text('labels/train/gone.txt', '0 0.5 0.5 0.1 0.1')
    text('train.txt', 'images/train/a.png')
    text('README.txt', 'made by hand')
    _, found = data('')
    assert [each.file_name for each in found] == ['images/train/a.png', 'labels/train/gone.txt']


def test_names_in_a_list(picture, text, folder):
    picture('a.png')
    text('classes.txt', 'cat\n\ndog \n')
    assert read_yolo(ImageIndex(str(folder)))[0] == ['cat', 'dog']


def test_numbers_without_names(picture, text, folder):
    picture('a.png')
    text('a.txt', '0 0.5 0.5 0.1 0.1')
    with pytest.raises(MissingFileError, match='classes.txt'):
        read_yolo(ImageIndex(str(folder)))
    text('data.yaml', 'names: {1: cat}')
    with pytest.raises(DataError, match='numbered from 0'):
        read_yolo(ImageIndex(str(folder)))
