import copy
import json
import math
import pickle

import numpy as np
import pytest
import torch
from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.evaluation import CocoMetric
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.logging import MMLogger
from mmengine.registry import DATASETS
from PIL import Image

from mmgreen.coco import CocoDataset, check_classes, read_annotations
from mmgreen.datasets import DataError

CLASSES = ('cat', 'dog')
CAT, DOG = 3, 17  # ids with gaps
FILTER = dict(filter_empty_gt=True, min_size=16)
READ = dict(type='mmcv.transforms.LoadImageFromFile')
BOXES = [READ, dict(type='mmdet.LoadAnnotations', with_bbox=True)]
MASKS = [READ, dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True)]


def annotation(number, image, category, bbox, **changes):
    x, y, w, h = bbox
    outline = [x, y, x + w, y, x + w, y + h, x, y + h]
    return (
        dict(
            id=number,
            image_id=image,
            category_id=category,
            bbox=list(bbox),
            area=w * h,
            iscrowd=0,
            segmentation=[outline],
        )
        | changes
    )


@pytest.fixture
def content():
    """Three images of 40 x 60 px (width, height), of which the last has no object."""
    names = ('a.png', 'sub folder/b ü#.PNG', 'c.png')
    return dict(
        images=[dict(id=10 * i, file_name=n, width=40, height=60) for i, n in enumerate(names, 1)],
        annotations=[
            annotation(1, 10, DOG, (5, 6, 20, 30)),
            annotation(2, 10, CAT, (0, 0, 8.5, 9)),
            annotation(5, 20, CAT, (10, 10, 30, 40), iscrowd=1),
            annotation(4, 20, DOG, (1, 2, 3, 4)),
        ],
        categories=[dict(id=CAT, name='cat'), dict(id=DOG, name='dog')],
    )


@pytest.fixture
def write(tmp_path, content):
    """Writes images and the annotation file; returns the settings of a dataset that reads them."""
    for image in content['images']:
        path = tmp_path / 'images' / image['file_name']
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (40, 60)).save(path)

    def write(what=content, name='train.json', **settings):
        text = what if isinstance(what, str) else json.dumps(what)
        (tmp_path / name).write_text(text, encoding='utf-8')
        return (
            dict(
                data_root=str(tmp_path),
                ann_file=name,
                data_prefix=dict(img='images'),
                metainfo=dict(classes=CLASSES),
                pipeline=BOXES,
                filter_cfg=FILTER,
            )
            | settings
        )

    return write


@pytest.fixture
def log(monkeypatch):
    """The lines that the dataset logs."""
    lines = []
    logger = MMLogger.get_current_instance()
    for level in ('info', 'warning'):
        monkeypatch.setattr(logger, level, lines.append)
    return lines


def sentence_of(settings):
    """What refuses these settings: one line."""
    with pytest.raises((DataError, FileNotFoundError)) as error:
        CocoDataset(**settings)
    text = str(error.value)
    assert '\n' not in text and text.endswith('.')
    return text


def labels(dataset):
    return [
        [each['bbox_label'] for each in dataset.get_data_info(i)['instances']]
        for i in range(len(dataset))
    ]


class TestGoodData:
    @pytest.mark.parametrize('test_mode', [False, True])
    @pytest.mark.parametrize('pipeline', [BOXES, MASKS])
    def test_is_read_as_mmdet_reads_it(self, write, test_mode, pipeline):
        settings = write(test_mode=test_mode, pipeline=pipeline)
        ours, host = CocoDataset(**settings), HostCocoDataset(**settings)
        assert len(ours) == len(host) == (3 if test_mode else 2)
        for i in range(len(host)):
            assert ours.get_data_info(i) == host.get_data_info(i)
        assert ours.metainfo == host.metainfo
        assert ours.cat_ids == host.cat_ids == [CAT, DOG]
        first, second = ours[1], host[1]
        assert np.array_equal(first['img'], second['img'])
        assert first['gt_bboxes_labels'].tolist() == second['gt_bboxes_labels'].tolist()

    def test_ids_with_gaps_become_labels_in_order(self, write):
        assert labels(CocoDataset(**write())) == [[1, 0], [0, 1]]

    def test_sub_folders_and_absolute_paths(self, write, content, tmp_path):
        content['images'][0]['file_name'] = str(tmp_path / 'images/a.png')
        dataset = CocoDataset(**write())
        assert [dataset[i]['img'].shape for i in range(2)] == [(60, 40, 3)] * 2

    def test_without_a_prefix_names_follow_the_data_root(self, write, content):
        for image in content['images']:
            image['file_name'] = f'images/{image["file_name"]}'
        settings = write()
        del settings['data_prefix']
        assert len(CocoDataset(**settings)) == 2

    def test_what_is_left_out_is_counted(self, write, content, log):
        content['annotations'] += [
            annotation(6, 10, CAT, (0, 0, 0, 10)),
            annotation(7, 10, CAT, (50, 70, 10, 10)),
        ]
        CocoDataset(**write())
        assert any(
            '2 images with 4 objects to train on; 1 images left out' in line
            and '2 annotations not used' in line
            for line in log
        )

    def test_all_images_are_tested(self, write, log):
        assert len(CocoDataset(**write(test_mode=True))) == 3
        assert not log

    def test_a_test_set_may_have_no_annotations(self, write, content):
        del content['annotations']
        assert len(CocoDataset(**write(test_mode=True))) == 3
        assert 'lacks the list annotations' in sentence_of(write())

    def test_lazy_init_reads_nothing(self):
        dataset = CocoDataset(
            ann_file='gone.json', metainfo=dict(classes=CLASSES), lazy_init=True, pipeline=[]
        )
        assert dataset.metainfo['classes'] == CLASSES

    def test_can_be_wrapped_and_pickled(self, write):
        dataset = DATASETS.build(dict(type='mmgreen.coco.CocoDataset', **write()))
        assert len(RepeatDataset(dataset, times=3)) == 6
        assert len(ConcatDataset([dataset, copy.deepcopy(dataset)])) == 4
        again = pickle.loads(pickle.dumps(dataset))
        assert dataset.serialize_data and not dataset.data_list
        assert labels(again) == labels(dataset)


class TestClasses:
    def test_another_order(self, write):
        text = sentence_of(write(metainfo=dict(classes=('dog', 'cat'))))
        assert "The file has ('cat', 'dog'), classes are ('dog', 'cat')." in text
        assert "set classes = ('cat', 'dog')" in text

    def test_files_that_list_categories_differently(self, write, content):
        CocoDataset(**write())
        content['categories'].reverse()
        text = sentence_of(write(name='val.json', test_mode=True))
        assert 'another order' in text and 'val.json' in text and 'sort the categories' in text

    def test_a_class_that_the_file_lacks(self, write):
        text = sentence_of(write(metainfo=dict(classes=('cat', 'hound'))))
        assert "has no category 'hound'" in text
        assert "The file has ('cat', 'dog'), classes are ('cat', 'hound')." in text

    def test_a_file_with_more(self, write):
        text = sentence_of(write(metainfo=dict(classes=('dog',))))
        assert "has the categories 'cat'" in text and 'only_some_classes=True' in text

    def test_only_some_classes(self, write, log):
        settings = write(metainfo=dict(classes=('dog',)), only_some_classes=True)
        assert labels(CocoDataset(**settings)) == [[0], [0]]
        assert '2 annotations not used' in log[-1]
        three = write(metainfo=dict(classes=('dog', 'cat')), only_some_classes=True)
        assert 'another order' in sentence_of(three)

    @pytest.mark.parametrize('classes', ['cat', ()])
    @pytest.mark.filterwarnings('ignore:cat is not a meta file')
    def test_a_text_and_nothing(self, write, classes):
        text = sentence_of(write(metainfo=dict(classes=classes), only_some_classes=True))
        assert f'classes are {classes!r}, not a list of names' in text

    def test_a_name_that_occurs_twice(self, write, content):
        content['categories'][1]['name'] = 'cat'
        assert "two categories of the name 'cat'" in sentence_of(write())

    def test_lists_and_tuples_are_alike(self):
        check_classes(['a', 'b'], ('a', 'b'), 'file')
        with pytest.raises(DataError, match='another order'):
            check_classes(['a', 'b'], ('a', 'b', 'a'), 'file')


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
            (dict(images=[3], annotations=[], categories=[]), "entry 0 of images has no 'id'"),
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


class TestObjects:
    @pytest.mark.parametrize(
        'bbox',
        [
            (5, 5, 0, 10),
            (5, 5, 10, 0.5),
            (5, 5, -3, 10),
            (40, 0, 10, 10),
            (-20, 5, 10, 10),
            (math.nan, 5, 10, 10),
            (5, 5, 10, math.nan),
        ],
    )
    def test_degenerate_boxes_are_not_used_but_counted(self, write, content, log, bbox):
        content['annotations'].append(annotation(9, 10, CAT, bbox, area=100, segmentation=[]))
        assert labels(CocoDataset(**write(pipeline=MASKS))) == [[1, 0], [0, 1]]
        assert '4 objects to train on' in log[-1] and '1 annotations not used' in log[-1]

    def test_none_that_can_be_used(self, write, content):
        content['annotations'] = [annotation(1, 10, CAT, (0, 0, 0, 0))]
        assert 'has no object to train on: none of its 1 annotations' in sentence_of(write())
        content['annotations'] = []
        assert 'has no object to train on: none of its 0 annotations' in sentence_of(write())

    def test_no_image_that_is_large_enough(self, write):
        text = sentence_of(write(filter_cfg=dict(filter_empty_gt=True, min_size=64)))
        assert 'as large as filter_cfg asks for' in text

    def test_without_segmentation_boxes_alone_can_be_trained(self, write, content):
        del content['annotations'][0]['segmentation']
        text = sentence_of(write(pipeline=MASKS))
        assert '1 of 4 objects' in text and 'with_masks = False' in text
        assert len(CocoDataset(**write(pipeline=BOXES))) == 2
        assert len(CocoDataset(**write(pipeline=MASKS, test_mode=True))) == 3

    @pytest.mark.parametrize('segmentation', [[1, 2, 3, 4, 5, 6], 'text', 5])
    def test_a_segmentation_of_another_form(self, write, content, segmentation):
        content['annotations'][0]['segmentation'] = segmentation
        assert 'neither a list of polygons' in sentence_of(write(pipeline=MASKS))

    def test_an_id_of_zero_is_scored_wrong_and_so_named(self, write, content, log):
        content['annotations'] = content['annotations'][:1]
        content['annotations'][0]['id'] = 0
        settings = write(test_mode=True)
        CocoDataset(**settings)
        assert 'id 0' in log[0] and 'number annotations from 1' in log[0]
        assert average_precision(settings, [(10, 1, (5, 6, 25, 36))]) == 0
        content['annotations'][0]['id'] = 1
        assert average_precision(write(), [(10, 1, (5, 6, 25, 36))]) == 1


def test_evaluation_gives_labels_their_categories(write, content):
    content['annotations'][2]['iscrowd'] = 0
    found = [
        (10, 1, (5, 6, 25, 36)),
        (10, 0, (0, 0, 8.5, 9)),
        (20, 0, (10, 10, 40, 50)),
        (20, 1, (1, 2, 4, 6)),
    ]
    settings = write()
    assert average_precision(settings, found) == 1
    swapped = [(image, 1 - label, box) for image, label, box in found]
    assert average_precision(settings, swapped) == 0


def average_precision(settings, found):
    """What mmdet's metric gives for these (image id, label, box) with a score of 1 each."""
    metric = CocoMetric(ann_file=f'{settings["data_root"]}/{settings["ann_file"]}', metric='bbox')
    metric.dataset_meta = dict(classes=CLASSES)
    samples = []
    for image in (10, 20, 30):
        rows = [(label, box) for number, label, box in found if number == image]
        predicted = dict(
            bboxes=np.array([box for _, box in rows], dtype=np.float64).reshape(-1, 4),
            scores=np.ones(len(rows)),
            labels=np.array([label for label, _ in rows], dtype=np.int64),
        )
        samples.append(dict(img_id=image, ori_shape=(60, 40), pred_instances=as_tensors(predicted)))
    metric.process({}, samples)
    return metric.evaluate(3)['coco/bbox_mAP']


def as_tensors(arrays):
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
