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
from mmengine.registry import DATASETS
from reference_coco import BOXES, CAT, CLASSES, DOG, MASKS, READ, annotation, labels, sentence_of

from mmgreen.datasets.coco import CocoDataset
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.seeding import SeededIndex


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
            '2 images with 3 objects to train on; 1 images left out (no object, or too small), '
            '3 annotations not used: 1 a crowd (iscrowd), which is neither object nor background, '
            '1 with a box of less than a pixel, 1 with a box outside of the image.' in line
            for line in log
        )

    def test_all_images_are_tested(self, write, log):
        assert len(CocoDataset(**write(test_mode=True))) == 3
        assert not log

    def test_a_test_set_may_have_no_annotations(self, write, content):
        del content['annotations']
        assert len(CocoDataset(**write(test_mode=True))) == 3
        assert 'lacks the list annotations' in sentence_of(write())

    def test_the_file_is_parsed_once(self, write, monkeypatch):
        parsed = []
        monkeypatch.setattr(json, 'loads', lambda text: parsed.append(1) or parse(text))
        monkeypatch.setattr(json, 'load', lambda stream: parsed.append(1) or parse(stream.read()))
        parse = json.JSONDecoder().decode
        assert len(CocoDataset(**write())) == 2
        assert len(parsed) == 1

    def test_lazy_init_reads_nothing(self):
        dataset = CocoDataset(
            ann_file='gone.json', metainfo=dict(classes=CLASSES), lazy_init=True, pipeline=[]
        )
        assert dataset.metainfo['classes'] == CLASSES

    def test_can_be_wrapped_and_pickled(self, write):
        dataset = DATASETS.build(dict(type='mmgreen.CocoDataset', **write()))
        assert len(RepeatDataset(dataset, times=3)) == 6
        assert len(ConcatDataset([dataset, copy.deepcopy(dataset)])) == 4
        again = pickle.loads(pickle.dumps(dataset))
        assert dataset.serialize_data and not dataset.data_list
        assert labels(again) == labels(dataset)


class TestObjects:
    @pytest.mark.parametrize(
        ('bbox', 'reason'),
        [
            ((5, 5, 0, 10), 'with a box of less than a pixel'),
            ((5, 5, 10, 0.5), 'with a box of less than a pixel'),
            ((5, 5, -3, 10), 'with a box of less than a pixel'),
            ((40, 0, 10, 10), 'with a box outside of the image'),
            ((-20, 5, 10, 10), 'with a box outside of the image'),
        ],
    )
    def test_degenerate_boxes_are_not_used_but_counted(self, write, content, log, bbox, reason):
        content['annotations'].append(annotation(9, 10, CAT, bbox, area=100, segmentation=[]))
        assert labels(CocoDataset(**write(pipeline=MASKS))) == [[1, 0], [0, 1]]
        assert '3 objects to train on' in log[-1] and f'1 {reason}' in log[-1]

    @pytest.mark.parametrize('flag', [dict(iscrowd=1), dict(ignore=1)])
    def test_what_is_flagged_is_no_object(self, write, content, log, flag):
        content['annotations'][0].update(flag)
        CocoDataset(**write())
        assert '2 objects to train on' in log[-1]

    @pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize('place', range(4))
    def test_boxes_without_numbers_are_refused(self, write, content, number, place):
        content['annotations'][1]['bbox'][place] = number
        assert 'has to be four numbers' in sentence_of(write())

    def test_an_area_of_nothing_in_a_box_of_real_size_is_refused(self, write, content):
        content['annotations'][0]['area'] = 0
        text = sentence_of(write())
        assert '1 of 4 objects have an area of 0 and a box of real size, annotation 1' in text
        assert len(CocoDataset(**write(test_mode=True))) == 3

    def test_boxes_in_fractions_are_refused(self, write, content):
        for each in content['annotations']:
            each['bbox'] = [0.1, 0.2, 0.5, 0.3]
        assert 'boxes are fractions of 1, as [0.1, 0.2, 0.5, 0.3]' in sentence_of(write())

    def test_boxes_that_end_outside_are_named(self, write, content, log):
        content['annotations'][0]['bbox'] = [30, 30, 38, 58]
        CocoDataset(**write())
        assert '1 of 4 boxes end outside of their image, annotation 1 first' in log[0]

    def test_a_picture_that_is_listed_twice_is_refused(self, write, content):
        content['images'].append(dict(content['images'][0], id=99, file_name='./a.png'))
        assert 'lists 1 pictures more than once' in sentence_of(write())

    def test_none_that_can_be_used(self, write, content):
        content['annotations'] = [annotation(1, 10, CAT, (0, 0, 0, 0))]
        assert (
            'has no object to train on: 1 annotations not used: 1 with a box of less than a pixel.'
            in (sentence_of(write()))
        )
        content['annotations'] = []
        assert 'has no object to train on: it has no annotation.' in sentence_of(write())

    def test_no_image_that_is_large_enough(self, write):
        text = sentence_of(write(filter_cfg=dict(filter_empty_gt=True, min_size=64)))
        assert '3 in an image smaller than filter_cfg asks for' in text

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


def test_augmentations_follow_from_the_seed_of_the_index(write):
    flips = [*MASKS, dict(type='mmdet.RandomFlip', prob=0.5), dict(type='mmdet.PackDetInputs')]
    data = CocoDataset(**write(pipeline=flips))
    drawn = [[data[SeededIndex(0, seed)] for seed in range(12)] for _ in range(2)]
    flipped = [[each['data_samples'].flip for each in draws] for draws in drawn]
    assert flipped[0] == flipped[1] and len(set(flipped[0])) == 2


class TestUnreadable:
    @pytest.fixture
    def broken(self, write, tmp_path):
        settings = write(pipeline=[*BOXES, dict(type='mmdet.PackDetInputs')])
        (tmp_path / 'images/a.png').write_bytes(b'no picture')
        return settings

    def test_in_training_another_takes_its_place_and_it_is_counted(self, broken, log):
        data = CocoDataset(**broken)
        taken = [data[SeededIndex(0, seed)]['data_samples'].img_path for seed in (1, 2)]
        assert all('b ü#.PNG' in path for path in taken)
        assert data.unreadable().tolist() == [1, 0]
        assert sum('Skipped an unreadable image' in line and 'a.png' in line for line in log) == 1

    def test_in_a_test_it_is_one_sentence(self, broken):
        data = CocoDataset(**broken, test_mode=True)
        with pytest.raises(DataError, match=r'to be scored cannot be read: .*a\.png'):
            data[0]
        assert data[1]['inputs'].shape == (3, 60, 40)


def test_mmcvs_reader_is_replaced_by_ours_unless_it_has_options(write):
    other = dict(type='mmcv.transforms.LoadImageFromFile', to_float32=True)
    for reader, kind in ((READ, 'ReadImage'), (other, 'LoadImageFromFile')):
        data = CocoDataset(**write(pipeline=[reader]))
        assert type(data.pipeline.transforms[0]).__name__ == kind
