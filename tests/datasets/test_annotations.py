import json

import pytest
from PIL import Image
from reference_coco import sentence_of

from mmgreen.datasets.annotations import read_annotations
from mmgreen.datasets.coco import CocoDataset


class TestFiles:
    def test_a_missing_one(self, write, tmp_path):
        text = sentence_of(write(ann_file='gone.json'))
        assert f'There is no annotation file {tmp_path / "gone.json"}' in text

    @pytest.mark.parametrize(
        ('what', 'sentence'),
        [
            ('no json', 'is not JSON'),
            ('', 'is not JSON'),
            ([dict(image_id=1, category_id=1, bbox=[0, 0, 1, 1], score=1)], 'it holds a list'),
            (dict(shapes=[]), 'lacks the list images and annotations and categories'),
            (dict(images=[], annotations={}, categories=[]), 'lacks the list annotations'),
            (dict(images=[], annotations=[], categories=[]), 'lists no image'),
            (dict(images=[3], annotations=[], categories=[3]), "entry 0 of images has no 'id'"),
            (dict(images=[3], annotations=[3], categories=[]), 'lists no category'),
            ('[' * 100_000, 'is not JSON'),
        ],
    )
    def test_one_that_is_not_coco(self, write, what, sentence):
        assert sentence in sentence_of(write(what))

    @pytest.mark.parametrize(
        ('section', 'key', 'mend'),
        [
            ('annotations', 'area', '(width times height of the box will do)'),
            ('annotations', 'iscrowd', '(0 for an ordinary object)'),
            ('annotations', 'bbox', 'add it to every entry'),
            ('annotations', 'image_id', 'add it to every entry'),
            ('images', 'height', 'add it to every entry'),
            ('images', 'file_name', 'add it to every entry'),
            ('categories', 'name', 'add it to every entry'),
        ],
    )
    def test_entries_that_lack_something(self, write, content, section, key, mend):
        del content[section][1][key]
        text = sentence_of(write())
        assert f'entry 1 of {section} has no {key!r}' in text and mend in text

    @pytest.mark.parametrize(
        ('section', 'key', 'value', 'wanted'),
        [
            ('annotations', 'bbox', [1, 2, 3], 'four numbers'),
            ('annotations', 'bbox', [1, 2, 3, '4'], 'four numbers'),
            ('annotations', 'bbox', {'x': 1}, 'four numbers'),
            ('annotations', 'bbox', None, 'four numbers'),
            ('annotations', 'bbox', [0, 0, 1e300, 3], 'four numbers'),
            ('annotations', 'area', 'large', 'a number'),
            ('annotations', 'iscrowd', 'no', '0 or 1'),
            ('annotations', 'id', 'first', 'a number'),
            ('images', 'id', [1], 'a number or a text'),
            ('images', 'width', None, 'a number of pixels above 0'),
            ('images', 'width', 0, 'a number of pixels above 0'),
            ('images', 'file_name', 7, 'a text'),
            ('categories', 'name', 7, 'a text'),
        ],
    )
    def test_entries_with_values_of_another_kind(self, write, content, section, key, value, wanted):
        content[section][1][key] = value
        text = sentence_of(write())
        assert f'entry 1 of {section} has {key} {value!r}; it has to be {wanted}' in text

    @pytest.mark.parametrize('section', ['images', 'annotations', 'categories'])
    def test_an_id_that_occurs_twice(self, write, content, section):
        content[section][1]['id'] = content[section][0]['id']
        assert f'occurs twice in {section}' in sentence_of(write())

    @pytest.mark.parametrize(
        ('key', 'value', 'section'),
        [
            ('image_id', 99, 'images'),
            ('image_id', '10', 'images'),
            ('category_id', 1, 'categories'),
        ],
    )
    def test_an_annotation_of_nothing(self, write, content, key, value, section):
        content['annotations'][3][key] = value
        text = sentence_of(write())
        assert (
            f'annotation 4 has {key} {value!r}, which is not the id of any of its {section}' in text
        )

    def test_absent_images(self, write, content, tmp_path):
        content['images'][2]['file_name'] = 'gone.png'
        text = sentence_of(write())
        assert '1 of 3 images' in text and f'{tmp_path / "images"}, gone.png first' in text
        assert len(CocoDataset(**write(check_images=False))) == 2

    def test_it_is_returned(self, write, content, tmp_path):
        write()
        assert read_annotations(str(tmp_path / 'train.json')) == content


class TestSizes:
    def test_a_size_that_is_not_the_pictures(self, write, content):
        content['images'][1]['width'] = 80
        text = sentence_of(write())
        assert '1 of 3 images are of another size than' in text
        assert 'sub folder/b ü#.PNG first: the picture is 40x60 px' in text
        assert 'the file has 80x60' in text
        assert len(CocoDataset(**write(check_images=False))) == 2

    def test_a_picture_turned_by_exif(self, write, content, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        settings = write()
        Image.new('RGB', (40, 60)).save(tmp_path / 'images/turned.jpg', exif=exif)
        entry = dict(id=70, file_name='turned.jpg', width=40, height=60)
        content['images'].append(entry)
        assert 'the picture, turned by EXIF, is 60x40 px' in sentence_of(write() | settings)
        entry.update(width=60, height=40)
        write()
        assert len(CocoDataset(**settings)) == 2

    def test_what_has_no_header_is_left_to_the_reader(self, write, tmp_path):
        settings = write()
        (tmp_path / 'images/c.png').write_bytes(b'')
        assert len(CocoDataset(**settings)) == 2


def test_a_byte_order_mark_is_named(write, tmp_path):
    settings = write()
    path = tmp_path / 'train.json'
    path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
    assert 'begins with a byte-order mark' in sentence_of(settings)


@pytest.mark.parametrize('encoding', ['latin-1', 'utf-16'])
def test_text_in_another_encoding_is_named(write, content, tmp_path, encoding):
    content['categories'][1]['name'] = 'grün'
    settings = write()
    text = json.dumps(content, ensure_ascii=False)
    (tmp_path / 'train.json').write_text(text, encoding=encoding)
    assert 'is not text in UTF-8' in sentence_of(settings)


def test_ids_of_two_types(write, content):
    content['images'][0]['id'] = '10'
    assert "ids of images are numbers and texts, 30 and '10'" in sentence_of(write())
    for image in content['images']:
        image['id'] = str(image['id'])
    text = sentence_of(write())
    assert 'image_id 10, which is not the id of any of its images (it has one of another' in text
