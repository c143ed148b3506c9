import re

import pytest

from mmgreen.engine.schedules import check_schedule, without_empty_warm_ups
from mmgreen.errors import InputError


def linear(**keys):
    return dict(type='LinearLR', start_factor=0.1, **keys)


def cosine(**keys):
    return dict(type='mmengine.CosineAnnealingLR', **keys)


def config(schedulers, **training):
    return dict(
        train_cfg=training or dict(by_epoch=True, max_epochs=50), param_scheduler=schedulers
    )


GOOD = {
    'warm-up and cosine': [linear(end=5), cosine(T_max=45, begin=5, end=50)],
    'cosine without an end': [linear(end=5), cosine(T_max=45, begin=5)],
    'one scheduler': cosine(T_max=50),
    'milestones': dict(type='MultiStepLR', milestones=[30, 45], begin=0, end=50),
    'only a warm-up': [linear(end=5)],
    'a constant end': [cosine(T_max=40, end=40), dict(type='ConstantLR', begin=40, end=50)],
    'an open end': [cosine(T_max=40, end=40), dict(type='ConstantLR', begin=40)],
    "mmdet's YOLOX": [linear(end=5), cosine(T_max=50, begin=5, end=50)],
    'without an end': dict(type='ExponentialLR', gamma=0.99),
    'none': None,
    'of several optimizers': dict(one=[cosine(T_max=50)], other=cosine(T_max=50)),
    'warm-up in steps': [linear(end=500, by_epoch=False), cosine(T_max=45, begin=5, end=50)],
}


@pytest.mark.parametrize('name', GOOD)
def test_takes_a_schedule_that_ends_with_the_training(name):
    check_schedule(config(GOOD[name]))


def test_takes_what_has_no_training():
    check_schedule({})
    check_schedule(config(cosine(T_max=7), type='SomeLoop'))


BAD = {
    'longer': ([linear(end=5), cosine(T_max=75, begin=5, end=80)], 80),
    'shorter': ([linear(end=5), cosine(T_max=15, begin=5, end=20)], 20),
    'longer, without an end': ([cosine(T_max=80)], 80),
    'warm-up longer than the training': ([linear(end=60)], 60),
    'no room for the warm-up': ([linear(end=100), cosine(T_max=700, begin=100, end=800)], 800),
    'of one optimizer': (dict(one=[cosine(T_max=80)]), 80),
}


def apply(options, settings):
    """What ``--cfg-options`` makes of a config of plain dicts and lists."""
    for key, value in re.findall(r'([\w.]+)=(\d+)', options):
        *parents, last = key.split('.')
        node = settings
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[last] = int(value)


@pytest.mark.parametrize('name', BAD)
@pytest.mark.parametrize('which', [0, 1])
def test_refuses_any_other_and_gives_options_that_mend_it(name, which):
    schedulers, end = BAD[name]
    settings = config(schedulers)
    with pytest.raises(ValueError, match=f'ends at epoch {end} .* training at epoch 50') as error:
        check_schedule(settings)
    remedies = str(error.value).split('; set ')[1].split(', or ')
    assert remedies[0] == f'train_cfg.max_epochs={end}'
    apply(remedies[which], settings)
    check_schedule(settings)


def test_steps_are_compared_with_steps():
    training = dict(type='IterBasedTrainLoop', max_iters=1000)
    check_schedule(config([cosine(T_max=1000, by_epoch=False)], **training))
    with pytest.raises(ValueError, match=r'train_cfg.max_iters=900'):
        check_schedule(config([cosine(T_max=900, by_epoch=False)], **training))


@pytest.mark.parametrize('length', [750, 30])
def test_a_cosine_that_is_not_as_long_as_its_scheduler(length):
    with pytest.raises(ValueError, match=r'param_scheduler.0.T_max=45'):
        check_schedule(config([cosine(T_max=length, begin=5, end=50)]))


def test_a_milestone_that_is_never_reached():
    with pytest.raises(ValueError, match=r'milestone 60 of param_scheduler '):
        check_schedule(config(dict(type='MultiStepLR', milestones=[40, 60])))


@pytest.mark.parametrize('warmup', [5, 20])
def test_a_warm_up_as_long_as_the_training_is_refused(warmup):
    schedulers = [linear(end=warmup), cosine(T_max=5 - warmup, begin=warmup, end=5)]
    with pytest.raises(InputError, match='nothing of the schedule is left after the warm-up'):
        check_schedule(config(schedulers, max_epochs=5))


def test_a_warm_up_of_no_length_is_none():
    kept = cosine(T_max=5, begin=0, end=5)
    assert without_empty_warm_ups([linear(begin=0, end=0), kept]) == [kept]
    assert without_empty_warm_ups([linear(end=0), linear(end=2)]) == [linear(end=2)]
    assert without_empty_warm_ups(dict(one=[linear(end=0)], two=kept)) == dict(one=[], two=kept)
