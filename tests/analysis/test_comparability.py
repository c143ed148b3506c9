import pytest
from mmengine.config import Config

import mmgreen
from mmgreen.analysis.comparability import (
    check_data,
    check_sizes,
    check_tasks,
    data_of,
    size_of,
    task_of,
)

WHAT_IT_IS = {
    'greenmim/swin_b_pretrain': ('pretraining', (224, 224), 'data/imagenet/train'),
    'simmim/swin_b_pretrain': ('pretraining', (192, 192), 'data/imagenet/train'),
    'hiera/hiera_b_finetune': ('classification', (224, 224), 'data/imagenet/train'),
    'vitdet/vit_b_mask_rcnn_coco': (
        'detection',
        (1024, 1024),
        'data/coco/annotations/instances_train2017.json',
    ),
    'greenmim/swin_b_mask_rcnn_coco': (
        'detection',
        (800, 1344),
        'data/coco/annotations/instances_train2017.json',
    ),
    'greenmim/swin_t_dino_coco': (
        'detection',
        (800, 1344),
        'data/coco/annotations/instances_train2017.json',
    ),
    'benchmarks/swin_b_dense': (None, None, None),
    'benchmarks/timm_hiera_b': (None, None, None),
}


def config(name):
    return Config.fromfile(mmgreen.config_file(f'{name}.py'))


@pytest.mark.parametrize('name', WHAT_IT_IS)
def test_what_a_config_is_for(name):
    found = config(name)
    assert (task_of(found), size_of(found), data_of(found)) == WHAT_IT_IS[name]


def test_the_three_detectors_and_the_demo_can_be_compared():
    for names in (
        (
            'greenmim/swin_b_lsj_mask_rcnn_coco',
            'hiera/hiera_b_mask_rcnn_coco',
            'vitdet/vit_b_mask_rcnn_coco',
            'benchmarks/swin_b_dense',
        ),
        ('demo/swin_pretrain', 'demo/hiera_pretrain', 'demo/vit_pretrain'),
        ('demo/swin_mask_rcnn', 'demo/hiera_mask_rcnn', 'demo/vit_mask_rcnn'),
    ):
        configs = [config(name) for name in names]
        check_tasks(configs)
        check_sizes(configs, '')
        check_data(configs)


def test_what_differs_is_named():
    green, simmim, detector, own = map(
        config,
        (
            'greenmim/swin_b_pretrain',
            'simmim/swin_b_pretrain',
            'vitdet/vit_b_mask_rcnn_coco',
            'greenmim/swin_t_pretrain_own_images',
        ),
    )
    with pytest.raises(ValueError, match=r'greenmim.* is for pretraining, but .*vit_b.*detection'):
        check_tasks([green, simmim, detector])
    with pytest.raises(ValueError, match=r'of 224x224 px, but .*simmim.* of 192x192 px; resize'):
        check_sizes([green, simmim], 'resize')
    with pytest.raises(ValueError, match=r'on data/imagenet/train, but .* on data/my_images; '):
        check_data([green, own])


def test_wrapped_data_are_found():
    inner = dict(type='X', data_root='data/a', ann_file='train.json')
    wrapped = dict(type='RepeatDataset', dataset=dict(type='Y', dataset=inner))
    assert data_of(Config(dict(train_dataloader=dict(dataset=wrapped)))) == 'data/a/train.json'


def test_a_config_without_a_model_says_nothing():
    empty = Config({})
    assert (task_of(empty), size_of(empty), data_of(empty)) == (None, None, None)
