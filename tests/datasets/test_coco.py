import copy
import math
import pickle

import numpy as np
import pytest
import torch
from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.evaluation import CocoMetric
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.registry import DATASETS
from reference_coco import BOXES, CAT, CLASSES, DOG, MASKS, annotation, labels, sentence_of

from mmgreen.datasets.coco import CocoDataset
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
        dataset = DATASETS.build(dict(type='mmgreen.CocoDataset', **write()))
        assert len(RepeatDataset(dataset, times=3)) == 6
        assert len(ConcatDataset([dataset, copy.deepcopy(dataset)])) == 4
        again = pickle.loads(pickle.dumps(dataset))
        assert dataset.serialize_data and not dataset.data_list
        assert labels(again) == labels(dataset)


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


def test_augmentations_follow_from_the_seed_of_the_index(write):
    flips = [*MASKS, dict(type='mmdet.RandomFlip', prob=0.5), dict(type='mmdet.PackDetInputs')]
    data = CocoDataset(**write(pipeline=flips))
    drawn = [[data[SeededIndex(0, seed)] for seed in range(12)] for _ in range(2)]
    flipped = [[each['data_samples'].flip for each in draws] for draws in drawn]
    assert flipped[0] == flipped[1] and len(set(flipped[0])) == 2
