import pytest

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.records import Complaint, LabelledObject
from mmgreen.datasets.conversion.voc import read_voc


def read(folder):
    return list(read_voc(ImageIndex(str(folder))))


def test_boxes_and_pictures_without(picture, voc, folder):
    picture('JPEGImages/a.png')
    picture('JPEGImages/b.png')
    voc('Annotations/a.xml', [('cat', 1, 2, 11, 22.5), ('dog', 0, 0, 40, 30)])
    voc('Annotations/b.xml', filename='b.png')
    first, second = read(folder)
    assert first.file_name == 'JPEGImages/a.png' and first[1:3] == (40, 30)
    assert first.objects == (
        LabelledObject('cat', (1, 2, 10, 20.5)),
        LabelledObject('dog', (0, 0, 40, 30)),
    )
    assert second.file_name == 'JPEGImages/b.png' and second.objects == ()


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('', 'not XML'),
        ('<svg/>', '<svg>'),
        ('<annotation><object><bndbox/></object></annotation>', 'object 1: it has no <name>'),
        ('<annotation><object><name>a</name></object></annotation>', 'object 1: it has no <xmin>'),
    ],
)
def test_files_that_are_wrong(picture, text, folder, content, said):
    picture('a.png')
    text('a.xml', content)
    (complaint,) = read(folder)
    assert isinstance(complaint, Complaint) and said in complaint.text


def test_every_wrong_object_is_named(picture, voc, folder):
    picture('a.png')
    voc('a.xml', [('', 1, 2, 3, 4), ('cat', 1, 2, 11, 22), ('cat', 'x', 2, 3, 4)])
    (complaint,) = read(folder)
    assert 'object 1' in complaint.text and 'object 3' in complaint.text


def test_boxes_of_another_picture_are_refused(picture, voc, folder):
    picture('a.png')
    voc('a.xml', size=(80, 60))
    assert '40x30 px, the file says 80x60' in read(folder)[0].text


def test_boxes_of_the_picture_before_it_was_turned(picture, voc, folder):
    picture('a.jpg', orientation=6)
    voc('a.xml', filename='a.jpg')
    assert 'turned by its EXIF tag' in read(folder)[0].text
    voc('a.xml', filename='a.jpg', size=(30, 40))
    assert read(folder)[0][1:3] == (30, 40)


def test_a_size_of_0_says_nothing(picture, voc, folder):
    picture('a.png')
    voc('a.xml', size=(0, 0))
    assert read(folder)[0].file_name == 'a.png'
