import pytest
from mmengine.config import Config
from reference_coco import CAT, annotation

from mmgreen.datasets.caps import most_found, tell_caps, warn_of_cap
from mmgreen.datasets.coco import CocoDataset


@pytest.mark.parametrize(
    ('tested', 'most'),
    [
        (dict(rpn=dict(max_per_img=9), rcnn=dict(max_per_img=5)), 5),
        (dict(max_per_img=7), 7),
        ({}, None),
        (None, None),
    ],
)
def test_of_detectors_of_one_stage_and_two(tested, most):
    assert most_found(dict(test_cfg=tested)) == most


def test_data_sets_of_ours_are_told_wrapped_or_not():
    data = dict(type='mmgreen.CocoDataset')
    cfg = Config(
        dict(
            model=dict(test_cfg=dict(max_per_img=7)),
            train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=data)),
            val_dataloader=dict(dataset=dict(type='CocoDataset')),
        )
    )
    tell_caps(cfg)
    assert cfg.train_dataloader.dataset.dataset.most_found == 7
    assert 'most_found' not in cfg.val_dataloader.dataset


def test_only_more_than_can_be_found_is_said(log):
    warn_of_cap([1, 1, 2], 2, 'a.json')
    warn_of_cap([], 2, 'a.json')
    warn_of_cap([1, 1, 1], None, 'a.json')
    assert not log
    warn_of_cap([1, 1, 1, 2], 2, 'a.json')
    assert log == [
        'a.json: 3 objects in one image (more than 2 in 1 of 2); at most 2 can be found: raise '
        'max_per_image at the top of your config, or cut the images (tile_images).'
    ]


def test_the_data_set_says_it(write, content, log):
    content['annotations'].append(annotation(7, 10, CAT, (3, 3, 5, 5)))
    CocoDataset(**write(most_found=3))
    assert not any('can be found' in line for line in log)
    CocoDataset(**write(most_found=2))
    assert any('3 objects in one image' in line for line in log)
