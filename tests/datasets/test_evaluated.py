import copy
import json

import pytest
from mmengine.config import ConfigDict
from mmengine.registry import DATASETS

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
    before = copy.deepcopy(config.test_evaluator)
    check_evaluation(config, 'test')
    assert config.test_evaluator == before


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


@pytest.mark.parametrize('kind', ['mmgreen.CocoDataset', 'mmdet.CocoDataset'])
def test_masks_that_are_scored_have_to_be_there(config, tmp_path, content, kind):
    config.test_dataloader.dataset.type = kind
    del content['annotations'][1]['segmentation']
    (tmp_path / 'test.json').write_text(json.dumps(content))
    with pytest.raises(DataError, match=r'1 of 4 objects in .*test\.json have no segmentation'):
        build(config)
    config.test_evaluator.metric = 'bbox'
    assert len(build(config)) == 3


@pytest.mark.parametrize('kind', ['mmgreen.CocoDataset', 'mmdet.CocoDataset'])
def test_there_have_to_be_objects_unless_predictions_alone_are_written(
    config, tmp_path, content, kind
):
    config.test_dataloader.dataset.type = kind
    content['annotations'] = []
    (tmp_path / 'test.json').write_text(json.dumps(content))
    with pytest.raises(DataError, match=r'test\.json has no object to score against'):
        build(config)
    config.test_evaluator.format_only = True
    assert len(build(config)) == 3


def test_a_file_of_another_data_set_has_to_be_there(config, tmp_path):
    config.test_dataloader.dataset.type = 'mmdet.CocoDataset'
    (tmp_path / 'test.json').unlink()
    with pytest.raises(FileNotFoundError, match='There is no annotation file'):
        check_evaluation(config, 'test')


def build(config):
    """The data set as a test has it."""
    config = copy.deepcopy(config)
    check_evaluation(config, 'test')
    return DATASETS.build(dict(config.test_dataloader.dataset, test_mode=True))


def test_what_is_no_coco_metric_is_left_alone():
    check_evaluation(ConfigDict(val_evaluator=dict(type='mmgreen.ReconstructionLoss')), 'val')
    check_evaluation(ConfigDict(val_evaluator=None, val_dataloader=None), 'val')
