import pytest
from mmengine.config import Config

from mmgreen.apis.launching import (
    add_hook,
    check_loggers,
    count_every_sample,
    score_nothing_as_zero,
    set_loaders,
    set_work_dir,
)
from mmgreen.errors import InputError


def config(**values):
    return Config(values, filename=None)


class TestWorkDir:
    def test_the_command_line_comes_first(self):
        cfg = config(work_dir='a')
        set_work_dir(cfg, 'b')
        assert cfg.work_dir == 'b'

    @pytest.mark.parametrize('below', ['', '/deeper/still'])
    def test_a_file_in_the_way_is_named(self, tmp_path, below):
        (tmp_path / 'taken').touch()
        with pytest.raises(InputError, match='taken is a file; give a folder'):
            set_work_dir(config(), f'{tmp_path}/taken{below}')


def test_a_hook_is_added_once():
    cfg = config(custom_hooks=[dict(type='mmgreen.StoreFacts', x=1)])
    add_hook(cfg, 'mmgreen.StoreFacts')
    add_hook(cfg, 'mmgreen.Other')
    assert [hook.type for hook in cfg.custom_hooks] == ['mmgreen.StoreFacts', 'mmgreen.Other']


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(InputError, match='val_dataloader.batch_size is 0'):
        set_loaders(config(val_dataloader=dict(batch_size=0)), True, True)


def test_a_classifiers_validation_takes_no_other_image_for_a_broken_one():
    loader = dict(dataset=dict(type='mmgreen.LabelledImages'))
    cfg = config(train_dataloader=loader, val_dataloader=loader, default_scope='mmpretrain')
    set_loaders(cfg, True, True)
    assert cfg.val_dataloader.dataset.test_mode and 'test_mode' not in cfg.train_dataloader.dataset


def test_a_plain_detection_set_of_many_classes_is_given_colours():
    dataset = dict(type='CocoDataset', metainfo=dict(classes=list(map(str, range(100)))))
    cfg = config(test_dataloader=dict(dataset=dataset), default_scope='mmdet')
    set_loaders(cfg, True, True)
    assert len(cfg.test_dataloader.dataset.metainfo.palette) == 100


def test_a_logger_without_its_package_is_refused_before_anything_runs(monkeypatch):
    cfg = config(visualizer=dict(vis_backends=[dict(type='TensorboardVisBackend')]))
    check_loggers(cfg)
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(InputError, match="package tensorboard .*'pip install tensorboard'"):
        check_loggers(cfg)
    check_loggers(config(visualizer=dict(vis_backends=[dict(type='LocalVisBackend')])))


@pytest.mark.parametrize('settings', [{}, dict(type='ValLoop'), dict(fp16=True)])
def test_evaluation_counts_every_sample(settings):
    cfg = config(val_cfg=settings, test_cfg=dict(type='other.TestLoop'))
    count_every_sample(cfg)
    assert cfg.val_cfg == {**settings, 'type': 'mmgreen.SampleValLoop'}
    assert cfg.test_cfg.type == 'other.TestLoop'


def test_no_loop_comes_where_nothing_is_evaluated():
    cfg = config(val_cfg=None)
    count_every_sample(cfg)
    assert cfg.val_cfg is None and 'test_cfg' not in cfg


def test_a_detector_that_finds_nothing_has_a_score():
    hosts, other = dict(type='CocoMetric', ann_file='a.json'), dict(type='LVISMetric')
    cfg = config(default_scope='mmdet', val_evaluator=hosts, test_evaluator=[other, hosts])
    score_nothing_as_zero(cfg)
    ours = {**hosts, 'type': 'mmgreen.CocoMetric'}
    assert cfg.val_evaluator == ours and cfg.test_evaluator == [other, ours]


def test_the_metric_of_another_host_stays():
    cfg = config(default_scope='mmpretrain', val_evaluator=dict(type='CocoMetric'))
    score_nothing_as_zero(cfg)
    assert cfg.val_evaluator.type == 'CocoMetric'
