import copy
import json

import pytest
from mmengine.config import ConfigDict

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.evaluated import check_evaluation


@pytest.fixture
def config(write, tmp_path):
    """A test set ``test.json``, and another one, ``more.json``."""
    for name in ('test.json', 'more.json'):
        settings = write(name=name)
    dataset = {**settings, 'type': 'mmgreen.CocoDataset', 'ann_file': 'test.json'}
    return ConfigDict(
        test_dataloader=dict(dataset=dataset),
        test_evaluator=dict(
            type='CocoMetric', ann_file=f'{tmp_path}/test.json', metric=['bbox', 'segm']
        ),
    )


def test_the_same_file_by_another_path_is_taken(config, tmp_path):
    config.test_evaluator.ann_file = f'{tmp_path}/images/../test.json'
    before = copy.deepcopy(config)
    check_evaluation(config, 'test')
    assert config == before


@pytest.mark.parametrize('wrapped', [False, True])
def test_the_evaluator_follows_an_option_of_the_data_set(config, tmp_path, wrapped):
    if wrapped:
        config.test_evaluator = [dict(type='DumpResults'), config.test_evaluator]
    config.test_dataloader.dataset.ann_file = 'more.json'
    check_evaluation(config, 'test', ['test_dataloader.dataset.ann_file'])
    evaluator = config.test_evaluator[1] if wrapped else config.test_evaluator
    assert evaluator.ann_file == f'{tmp_path}/more.json'


@pytest.mark.parametrize(
    'options', [[], ['test_dataloader.dataset.ann_file', 'test_evaluator.ann_file']]
)
def test_two_files_are_refused_with_both_names(config, tmp_path, options):
    config.test_dataloader.dataset.ann_file = 'more.json'
    with pytest.raises(DataError, match=r'reads .*more\.json, but .* against .*test\.json'):
        check_evaluation(config, 'test', options)


def test_masks_that_are_scored_have_to_be_there(config, tmp_path, content):
    del content['annotations'][1]['segmentation']
    (tmp_path / 'test.json').write_text(json.dumps(content))
    with pytest.raises(DataError, match='scores masks, but 1 of 4 annotations in .* have no segm'):
        check_evaluation(config, 'test')
    config.test_evaluator.metric = 'bbox'
    check_evaluation(config, 'test')


def test_what_is_no_coco_metric_is_left_alone():
    check_evaluation(ConfigDict(val_evaluator=dict(type='mmgreen.ReconstructionLoss')), 'val')
    check_evaluation(ConfigDict(val_evaluator=None, val_dataloader=None), 'val')
