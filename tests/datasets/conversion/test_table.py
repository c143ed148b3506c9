import pytest

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.records import LabelledObject
from mmgreen.datasets.conversion.table import read_table
from mmgreen.datasets.errors import DataError


@pytest.fixture
def read(picture, text, folder):
    picture('a.png')
    picture('b.png')

    def read(content):
        name = text('boxes.csv', content)
        return list(read_table(ImageIndex(str(folder)), str(folder / name)))

    return read


CAT = (LabelledObject('cat', (1, 2, 10, 20)),)


@pytest.mark.parametrize(
    'content',
    [
        'image_path,xmin,ymin,xmax,ymax,label\na.png,1,2,11,22,cat\n',
        'filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,30,cat,1,2,11,22\n',
        '\ufeffImage;Class;X;Y;Width;Height\na.png;cat;1;2;10;20\n',
        'name\tfile\tx1\ty1\tx2\ty2\ncat\tfolder/a.png\t1.0\t2.0\t11\t22\n',
    ],
)
def test_columns_are_known_by_their_names(read, content):
    (image,) = read(content)
    assert image.file_name == 'a.png' and image.objects == CAT


def test_lines_of_one_picture_are_one_record(read):
    first, second = read(
        'image_path,xmin,ymin,xmax,ymax,label\nb.png,,,,,\na.png,1,2,11,22,cat\na.png,1,2,3,4,dog\n'
    )
    assert len(first.objects) == 2 and second.file_name == 'b.png' and second.objects == ()


def test_all_columns_that_are_missing_are_named(read):
    with pytest.raises(DataError, match='the class .* the box'):
        read('image_path,colour\na.png,red\n')
    with pytest.raises(DataError):
        read('')


def test_all_lines_that_are_wrong_are_named(read):
    (complaint, gone) = read(
        'filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,30,cat,one,2,11,22\n'
        'a.png,40,30,,1,2,11,22\na.png,80,60,cat,1,2,11,22\ngone.png,40,30,cat,1,2,11,22\n'
    )
    for said in (
        'line 2: one',
        'line 3: it has a box and no class',
        'line 4: the picture has 40x30',
    ):
        assert said in complaint.text
    assert gone.file_name == 'gone.png'
