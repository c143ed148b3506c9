import pytest

from mmgreen.datasets.conversion.records import (
    Complaint,
    LabelledImage,
    LabelledObject,
    area_of,
    number_objects,
    raise_together,
    read_each,
    tidy,
)
from mmgreen.datasets.errors import DataError


def an_image(*boxes, **settings):
    objects = tuple(LabelledObject('cat', box, **settings) for box in boxes)
    return LabelledImage('a.png', 40, 30, objects)


@pytest.mark.parametrize(
    'box',
    [(5, 5, 0, 0), (5, 5, 0, 9), (5, 5, 9, -3), (5, 5, 0.5, 9), (50, 5, 9, 9), (39.5, 0, 9, 9)],
)
def test_what_a_training_would_leave_out_is_left_out_and_named(box):
    found = tidy(an_image(box, (1, 2, 3, 4)))
    assert [each.box for each in found.objects] == [(1, 2, 3, 4)]
    assert found.left_out[0].what == f'cat [{", ".join(f"{v:g}" for v in box)}]'


def test_objects_end_at_the_edge_of_their_image():
    (inside,) = tidy(an_image((-2, 25, 10, 10))).objects
    assert inside.box == (0, 25, 8, 5)
    outline = [[30, 0, 50, 0, 50, 10, 30, 10]]
    (cut,) = tidy(an_image((30, 0, 20, 10), segmentation=outline)).objects
    assert cut.box == (30, 0, 10, 10) and area_of(cut) == 100


def test_what_lies_inside_stays_as_it_is():
    image = an_image((0, 0, 40, 30), (1.5, 2, 3, 4), segmentation=[[2, 2, 5, 2, 5, 6]])
    assert tidy(image) == image


def test_crowds_stay():
    assert len(tidy(an_image((0, 0, 9, 9), iscrowd=True)).objects) == 1


def test_numbers_go_on_over_images_unless_there_are_some():
    numbered = number_objects([an_image((1, 1, 2, 2)), an_image((1, 1, 2, 2), (3, 3, 4, 4))])
    assert [each.source_id for image in numbered for each in image.objects] == [1, 2, 3]
    own = [an_image((1, 1, 2, 2), source_id=9)]
    assert number_objects(own) == own


def test_all_complaints_are_heard():
    def read_one(file):
        if file == 'good':
            return an_image()
        raise DataError(f'{file} is wrong')

    found = list(read_each(['a', 'good', 'b'], read_one))
    assert found == [Complaint('a', 'a is wrong'), an_image(), Complaint('b', 'b is wrong')]


def test_errors_of_one_file_come_as_one():
    raise_together([])
    with pytest.raises(DataError, match='one; two; and 1 more'):
        raise_together(['one', 'two', 'three'], most=2)
