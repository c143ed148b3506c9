import json

import pytest

from mmgreen.datasets.conversion.image_index import ImageIndex
from mmgreen.datasets.conversion.labelme import read_labelme


@pytest.fixture
def read(picture, text, folder):
    picture('a.png')

    def read(*shapes, **settings):
        content = dict(imagePath='a.png', imageWidth=40, imageHeight=30, shapes=list(shapes))
        text('a.json', json.dumps(content | settings))
        (found,) = read_labelme(ImageIndex(str(folder)))
        return found

    return read


def shape(label, points, kind='polygon', **settings):
    return dict(label=label, points=points, shape_type=kind, **settings)


def test_outlines_and_rectangles(read):
    image = read(
        shape('cat', [[1, 2], [11, 2], [11, 12]]), shape('dog', [[30, 20], [10, 5]], 'rectangle')
    )
    cat, dog = image.objects
    assert cat.box == (1, 2, 10, 10) and cat.segmentation == [[1, 2, 11, 2, 11, 12]]
    assert dog.box == (10, 5, 20, 15) and dog.segmentation == [[10, 5, 30, 5, 30, 20, 10, 20]]


def test_shapes_of_a_group_are_one_object(read):
    corners = [[0, 0], [5, 0], [5, 5]], [[20, 20], [25, 20], [25, 25]]
    image = read(*(shape('cat', each, group_id=3) for each in corners), shape('cat', corners[0]))
    assert [len(each.segmentation) for each in image.objects] == [2, 1]
    assert image.objects[0].box == (0, 0, 25, 25)


def test_a_circle_by_its_centre_and_a_point(read):
    (cat,) = read(shape('cat', [[20, 15], [25, 15]], 'circle')).objects
    assert cat.box == pytest.approx((15, 10, 10, 10))


def test_what_has_no_area_is_left_out_and_counted(read):
    image = read(shape('road', [[0, 0], [5, 5]], 'line'), shape('cat', [[1, 2], [9, 2], [9, 9]]))
    assert len(image.objects) == 1 and image.left_out[0].what == 'road'


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        (shape('cat', [[1, 2], [3, 4]]), 'shape 2: a polygon of 2 points'),
        (shape('', [[1, 2], [3, 4]], 'rectangle'), 'shape 2: it has no label'),
        (shape('cat', [[1, 2], [3]]), 'shape 2: its points'),
        (shape('cat', None), 'shape 2: its points'),
        (shape('cat', [[1, 2], [3, 4], [5, float('nan')]]), 'shape 2: its points'),
    ],
)
def test_shapes_that_are_wrong(read, given, said):
    assert said in read(shape('cat', [[1, 2], [9, 2], [9, 9]]), given).text


def test_another_size_and_other_files(read, text, folder):
    assert '80x30' in read(imageWidth=80).text
    text('b.json', '{"images": []}')
    text('c.json', '{')
    found = list(read_labelme(ImageIndex(str(folder))))
    assert 'no list of shapes' in found[1].text and 'not JSON' in found[2].text
