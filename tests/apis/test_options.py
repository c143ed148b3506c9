import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook, LoggerHook
from mmengine.optim import OptimWrapper
from torch import nn

from mmgreen.apis.options import check_options, parameters
from mmgreen.errors import InputError

CONFIG = dict(
    default_scope='mmpretrain',
    data_root='data/photos',
    epochs=30,
    kind=dict(by_epoch=True),
    model=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(
            type='SwinTransformer',
            arch='tiny',
            init_cfg=dict(type='Pretrained', checkpoint=None),
            norm_cfg=dict(type='LN', eps=1e-5),
        ),
        neck=None,
        train_cfg=dict(alpha=dict(threshold=0.5)),
    ),
    train_dataloader=dict(
        batch_size=8,
        dataset=dict(
            type='mmgreen.UnlabelledImages',
            data_root='data/photos',
            pipeline=[
                dict(type='mmgreen.ReadImage'),
                dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=30),
    optim_wrapper=dict(
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=1e-3),
        paramwise_cfg=dict(flat_decay_mult=0.0),
    ),
    param_scheduler=[dict(type='CosineAnnealingLR', T_max=30)],
    default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
    custom_hooks=[dict(type='mmgreen.StopOnNonFiniteLoss', interval=50)],
    randomness=dict(seed=0),
)


def check(**options):
    """Checks options whose dots are written as two underscores."""
    options = {key.replace('__', '.'): value for key, value in options.items()}
    after = Config(copy.deepcopy(CONFIG))
    after.merge_from_dict(options)
    check_options(options, CONFIG, after.to_dict())


@pytest.mark.parametrize(
    'option',
    [
        'work_dir',  # The Runner takes it.
        'model_wrapper_cfg__find_unused_parameters',
        'randomness__deterministic',
        'model__backbone__arch',  # It was there.
        'model__backbone__with_cp',  # The class takes it.
        'model__backbone__init_cfg__prefix',
        'model__backbone__init_cfg__merge_order',  # Our backbones' init_weights takes it.
        'model__init_cfg__checkpoint',  # A base class takes what **kwargs hands on.
        'train_dataloader__dataset__indices',
        'train_dataloader__dataset__pipeline__1__direction',
        'train_dataloader__num_workers',
        'train_dataloader__num_batch_per_epoch',
        'train_cfg__val_interval',
        'optim_wrapper__accumulative_counts',
        'optim_wrapper__clip_grad__max_norm',
        'optim_wrapper__optimizer__betas',
        'optim_wrapper__paramwise_cfg__bias_lr_mult',
        'param_scheduler__0__begin',
        'param_scheduler__0__convert_to_iter_based',
        'default_hooks__checkpoint__max_keep_ckpts',
        'default_hooks__checkpoint__priority',
        'custom_hooks__0__interval',
        'env_cfg__dist_cfg__timeout',
    ],
)
def test_takes_what_is_read(option):
    check(**{option: 1})


@pytest.mark.parametrize(
    ('option', 'hint'),
    [
        ('model__backbone__windw_size', 'did you mean model.backbone.window_size?'),
        ('model__bakbone__arch', 'did you mean model.backbone?'),
        (
            'model__backbone__init_cfg__checkpont',
            'did you mean model.backbone.init_cfg.checkpoint?',
        ),
        ('model__train_cfg__alpha__treshold', 'did you mean model.train_cfg.alpha.threshold?'),
        ('train_dataloader__dataset__data_rot', 'did you mean train_dataloader.dataset.data_root?'),
        ('train_dataloader__dataset__pipeline__1__chance', 'RandomFlip takes direction, prob'),
        ('train_dataloader__bach_size', 'did you mean train_dataloader.batch_size?'),
        ('train_cfg__max_epoch', 'did you mean train_cfg.max_epochs?'),
        ('optim_wrapper__dtype', 'OptimWrapper takes accumulative_counts, clip_grad'),
        ('optim_wrapper__paramwise_cfg__flat_decay_mul', 'flat_decay_mult?'),
        ('param_scheduler__0__etamin', 'did you mean param_scheduler.0.eta_min?'),
        ('default_hooks__checkpoint__intervall', 'did you mean default_hooks.checkpoint.interval?'),
        ('custom_hooks__0__every', 'StopOnNonFiniteLoss takes interval'),
        ('randomness__seeds', 'did you mean randomness.seed?'),
        ('optim_wraper__optimizer__lr', 'set optim_wrapper.optimizer.lr instead'),
        ('lr', 'set optim_wrapper.optimizer.lr instead'),
        ('nonsense_of_its_own', 'nothing reads this option'),
    ],
)
def test_refuses_what_nothing_reads_and_names_what_is(option, hint):
    with pytest.raises(ValueError, match=r'--cfg-options .*nothing reads') as error:
        check(**{option: 1})
    assert hint in str(error.value)


@pytest.mark.parametrize(
    ('option', 'instead'),
    [
        ('data_root', 'train_dataloader.dataset.data_root'),
        ('epochs', 'train_cfg.max_epochs'),
        ('kind__by_epoch', 'train_cfg.by_epoch'),
    ],
)
def test_a_value_from_which_others_followed_comes_too_late(option, instead):
    with pytest.raises(ValueError, match='while it was read') as error:
        check(**{option: 50})
    assert instead in str(error.value)
    assert 'copy of the config' in str(error.value)


def test_what_is_advised_has_the_name_and_not_just_the_value():
    before = {**CONFIG, 'epochs': 3, 'model': dict(out_indices=[0, 1, 2, 3])}
    with pytest.raises(ValueError, match='set train_cfg.max_epochs instead'):
        check_options({'epochs': 5}, before, {**before, 'epochs': 5})


def test_the_type_that_counts_is_the_one_after_all_options():
    check(
        optim_wrapper__type='AmpOptimWrapper',
        optim_wrapper__dtype='bfloat16',
    )
    check(model__neck='none')


class Base:
    def __init__(self, first, second=2):
        pass


class HandsOn(Base):
    def __init__(self, third, **kwargs):
        super().__init__(**kwargs)


class TakesAll:
    def __init__(self, first, **kwargs):
        pass


class Silent(HandsOn):
    pass


class Module(nn.Module):
    def __init__(self, width, **kwargs):
        super().__init__()


@pytest.mark.parametrize(
    ('built', 'names'),
    [
        (Base, {'first', 'second'}),
        (HandsOn, {'first', 'second', 'third'}),
        (Silent, {'first', 'second', 'third'}),
        (TakesAll, None),
        (Module, None),
        (CheckpointHook, None),
        (torch.optim.SGD, None),
        (lambda a, *, b=1: None, {'a', 'b'}),
        (lambda a, **rest: None, None),
    ],
)
def test_parameters(built, names):
    if built is torch.optim.SGD:
        assert {'lr', 'momentum'} <= parameters(built)
    else:
        assert parameters(built) == names


def test_parameters_include_what_mmengine_takes_out_before():
    assert 'priority' in parameters(LoggerHook)
    assert 'paramwise_cfg' in parameters(OptimWrapper)


@pytest.mark.parametrize(
    ('key', 'value', 'kind'),
    [
        ('optim_wrapper.optimizer.lr', 'fast', 'a number, as 0.001 in the config'),
        ('train_dataloader.batch_size', 'many', 'a number, as 8'),
        ('train_cfg.by_epoch', 'yes', 'True or False, as True'),
        ('model.backbone.norm_cfg.eps', '1e', 'a number, as 1e-05'),
    ],
)
def test_a_text_in_the_place_of_a_number_is_refused(key, value, kind):
    with pytest.raises(InputError, match=f'--cfg-options {key}={value}: it has to be {kind}'):
        check(**{key: value})


def test_a_number_in_the_place_of_another_and_a_text_of_a_text_are_taken():
    check(**{'optim_wrapper.optimizer.lr': 1, 'model.backbone.arch': 'base'})
    check(**{'train_cfg.max_epochs': None, 'custom_hooks.0.interval': 5})
