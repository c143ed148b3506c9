from pathlib import Path

from mmgreen.datasets.conversion.reading import LabelledFolder
from mmgreen.datasets.conversion.records import Complaint, LabelledImage, LabelledObject, LeftOut
from mmgreen.datasets.conversion.summary import (
    MOST_NAMED,
    describe_folder,
    describe_images,
    describe_left_out,
    objects_by_class,
    values_for_a_config,
)

CAT, CROWD = LabelledObject('cat', (0, 0, 9, 9)), LabelledObject('cat', (0, 0, 9, 9), None, True)
OUTLINED = CAT._replace(segmentation=[[0, 0, 9, 0, 9, 9]])
IMAGES = [LabelledImage('a.png', 9, 9, (CAT, CAT, CROWD)), LabelledImage('b.png', 9, 9)]


def test_crowds_are_no_objects():
    assert objects_by_class(IMAGES) == {'cat': 2}
    line = describe_images('x', IMAGES, ['cat', 'dog'])
    assert '2 images, 1 of them without' in line and 'cat 2, dog 0' in line


def test_what_was_left_out_is_counted_and_the_first_are_named():
    many = [LeftOut(f'dog {number}', 'so') for number in range(MOST_NAMED + 3)]
    image = LabelledImage('a.png', 9, 9, (), (*many, LeftOut('cat', 'thus')))
    lines = describe_left_out([image])
    assert f'{MOST_NAMED + 3} objects so' in lines[0] and 'a.png: dog 0' in lines[1]
    assert lines[-3].strip() == 'and 3 more' and '1 objects thus' in lines[-2]
    assert describe_left_out(IMAGES) == []


def test_what_was_not_taken_is_said():
    nothing = LabelledFolder('f', ('cat',), tuple(IMAGES))
    assert describe_folder(nothing) == []
    lines = '\n'.join(
        describe_folder(
            nothing._replace(
                num_without_file=4, num_turned=7, complaints=(Complaint('x.xml', 'is wrong'),)
            )
        )
    )
    for said in ('4 images', '7 images', 'x.xml: is wrong'):
        assert said in lines


def test_names_that_differ_by_capitals():
    (line,) = describe_folder(LabelledFolder('f', ('cat', 'dog', 'Cat'), tuple(IMAGES)))
    assert 'cat, Cat' in line and 'dog' not in line


def values(images):
    lines = values_for_a_config(Path('data/x'), {'train': '/abs', 'val': 'val/'}, ['cat'], images)
    names: dict = {}
    exec('\n'.join(line.strip() for line in lines[1:]), names)
    return names


def test_the_lines_for_a_config_can_be_copied():
    found = values(IMAGES)
    assert found['data_root'] == 'data/x/' and found['classes'] == ('cat',)
    assert found['train'] == dict(ann_file='train.json', data_prefix=dict(img='/abs'))
    assert found['val']['data_prefix'] == dict(img='val/')


def test_masks_where_every_object_has_one():
    with_crowd = IMAGES[0]._replace(objects=(OUTLINED, CROWD))
    assert values([with_crowd])['with_masks'] is True
    assert values([with_crowd, IMAGES[0]])['with_masks'] is False
    assert values([IMAGES[1]])['with_masks'] is False
