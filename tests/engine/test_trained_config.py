import copy

import pytest
from mmengine.config import Config

from mmgreen import config_file
from mmgreen.engine.trained_config import other_than_trained, trained_config


def pipeline(size=320, *more):
    return [
        dict(type='mmgreen.ReadImage', max_megapixels=100),
        dict(type='mmdet.Resize', scale=(size, size), keep_ratio=True),
        *more,
        dict(type='mmdet.LoadAnnotations', with_bbox=True),
        dict(type='mmdet.PackDetInputs', meta_keys=('img_id',)),
    ]


def config(val=320, test=320):
    return dict(
        model=dict(
            type='mmdet.MaskRCNN',
            backbone=dict(depths=[2, 2], drop_path_rate=0.1, init_cfg=dict(checkpoint='a.pth')),
            roi_head=dict(bbox_head=[dict(num_classes=2), dict(num_classes=2)]),
            train_cfg=dict(rpn=dict(pos=0.7)),
            test_cfg=dict(rcnn=dict(max_per_img=100)),
        ),
        val_dataloader=dict(dataset=dict(pipeline=pipeline(val))),
        test_dataloader=dict(
            dataset=dict(type='RepeatDataset', dataset=dict(pipeline=pipeline(test)))
        ),
    )


def lines(then, now):
    """What is said below the sentence."""
    said = other_than_trained(dict(meta=dict(mmgreen=dict(config=trained_config(then)))), now, 'a')
    return said and [line.strip() for line in said.splitlines()[1:]]


class TestNothingIsSaid:
    def test_of_the_same(self):
        assert lines(config(), config()) is None

    @pytest.mark.parametrize('content', [{}, dict(meta=dict(mmgreen=dict(optimizer='SGD')))])
    def test_of_a_file_that_does_not_say(self, content):
        assert other_than_trained(content, config(), 'old.pth') is None

    def test_of_what_changes_no_prediction(self):
        now = config()
        now['model']['backbone'] |= dict(drop_path_rate=0.0, init_cfg=None, with_cp=True)
        now['model']['train_cfg']['rpn']['pos'] = 0.5
        steps = now['test_dataloader']['dataset']['dataset']['pipeline']
        steps[0] = dict(type='LoadImageFromFile')
        del steps[-2:]
        now['model']['type'] = 'MaskRCNN'
        assert lines(config(), now) is None

    def test_where_a_recipe_tests_otherwise_than_it_validates(self):
        assert lines(config(val=320, test=480), config(val=320, test=480)) is None

    def test_where_an_option_of_the_training_is_given_to_the_test(self):
        then, now = config(val=320, test=640), config(val=640, test=320)
        assert lines(then, now) is None

    def test_of_a_training_without_validation_that_is_tested_as_its_config_says(self):
        then = {**config(), 'val_dataloader': None}
        assert lines(then, config()) is None
        assert lines({**then, 'test_dataloader': None}, config()) is None


class TestOneLineForEachDifference:
    def test_size_of_images(self):
        said = ['Resize.scale: (320, 320) trained, (640, 640) now']
        assert lines(config(), config(640, 640)) == said

    def test_an_option_of_the_training_that_is_lost(self):
        said = ['Resize.scale: (320, 320) trained, (640, 640) now']
        assert lines(config(val=320, test=640), config(640, 640)) == said

    def test_size_of_images_of_a_training_without_validation(self):
        said = ['Resize.scale: (320, 320) trained, (640, 640) now']
        assert lines({**config(), 'val_dataloader': None}, config(640, 640)) == said

    def test_values_of_the_model(self):
        now = config()
        now['model']['backbone'] |= dict(depths=[2, 6], window_size=14)
        now['model']['roi_head']['bbox_head'][1]['num_classes'] = 3
        now['model']['test_cfg']['rcnn'] = dict(score_thr=0.05)
        assert sorted(lines(config(), now)) == [
            'model.backbone.depths: (2, 2) trained, (2, 6) now',
            'model.backbone.window_size: nothing trained, 14 now',
            'model.roi_head.bbox_head.1.num_classes: 2 trained, 3 now',
            'model.test_cfg.rcnn.max_per_img: 100 trained, nothing now',
            'model.test_cfg.rcnn.score_thr: nothing trained, 0.05 now',
        ]

    def test_other_steps(self):
        now = config()
        flip = dict(type='mmdet.RandomFlip')
        now['test_dataloader'] = dict(dataset=dict(pipeline=pipeline(320, flip)))
        assert lines(config(), now) == ['pipeline: Resize trained, Resize, RandomFlip now']

    def test_steps_that_are_no_dicts(self):
        now = config()
        now['test_dataloader'] = dict(dataset=dict(pipeline=[print]))
        assert lines(now, now) is None and len(lines(config(), now)) == 1

    def test_not_more_than_can_be_read(self):
        now = config()
        now['model'] |= {f'other{i}': i for i in range(13)}
        said = lines(config(), now)
        assert len(said) == 11 and said[-1] == 'and 3 more'


def test_preprocessor_of_a_classifier_lies_beside_its_model():
    cfg = Config.fromfile(config_file('hiera/hiera_t_finetune_own_data.py'))
    now = copy.deepcopy(cfg)
    now.model.get('data_preprocessor', now.get('data_preprocessor'))['mean'] = [0, 0, 0]
    (line,) = lines(cfg, now)
    assert line.startswith('model.data_preprocessor.mean: (') and line.endswith('(0, 0, 0) now')


def test_tests_with_augmentation_have_the_same_model():
    cfg = config()
    augmented = {**cfg, 'tta_model': {}, 'model': dict(type='DetTTAModel', module=cfg['model'])}
    assert lines(cfg, augmented) is None
