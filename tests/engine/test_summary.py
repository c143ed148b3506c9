import sys
from types import SimpleNamespace

import pytest
import torch
from mmdet.datasets import AspectRatioBatchSampler
from mmengine.config import ConfigDict
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from PIL import Image
from torch import nn
from torch.utils.data import RandomSampler

from mmgreen.datasets.images import UnlabelledImages
from mmgreen.engine import summary


class Model(nn.Module):
    def __init__(self, init_cfg=None, backbone_init_cfg=None):
        super().__init__()
        self.init_cfg = init_cfg
        self.backbone = nn.Linear(999, 1000)
        self.backbone.init_cfg = backbone_init_cfg
        self.neck = nn.Linear(999, 500)


def run(
    batch=8,
    processes=1,
    accumulated=1,
    rate=0.1,
    initial=0.1,
    step=0,
    model=None,
    max_iters=0,
    **cfg,
):
    """What the summary asks a runner for."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=rate / 1000)
    optimizer.param_groups[0]['initial_lr'] = initial
    wrapper = dict(optimizer=dict(lr=rate), accumulative_counts=accumulated)
    return SimpleNamespace(
        cfg=ConfigDict(optim_wrapper=wrapper, **cfg),
        world_size=processes,
        train_loop=object.__new__(IterBasedTrainLoop if max_iters else EpochBasedTrainLoop),
        max_epochs=10,
        max_iters=max_iters or 10 * 5,
        epoch=step // 5,
        iter=step,
        train_dataloader=torch.utils.data.DataLoader(range(40), batch_size=batch),
        optim_wrapper=SimpleNamespace(optimizer=optimizer),
        model=model or Model(),
        work_dir='out',
        log_dir='out/now',
        hooks=[CheckpointHook(interval=2, max_keep_ckpts=3)],
    )


def test_a_block_is_aligned():
    text = summary.as_block('Title', {'a': 'one', 'longer': 'two'})
    assert text == 'Title:\n  a       one\n  longer  two'


def test_software_names_what_is_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmdet', None)
    text = summary.describe_software()
    assert f'torch {torch.__version__}' in text and 'mmgreen 0.' in text and 'Python 3.' in text
    assert 'mmdet' not in text


def test_images(tmp_path):
    Image.new('RGB', (4, 4)).save(tmp_path / 'a.png')
    assert summary.describe_images(UnlabelledImages(str(tmp_path))) == f'1 found in {tmp_path}'
    (tmp_path / 'b.txt').touch()
    assert '1 other files' in summary.describe_images(UnlabelledImages(str(tmp_path)))
    assert summary.describe_images([1, 2, 3]) == '3 in a list'

    for i in range(19):
        Image.new('RGB', (4, 4)).save(tmp_path / f'{i}.png')
    for part, said in (('training', '18 found'), ('held_out', '2 found')):
        images = UnlabelledImages(str(tmp_path), held_out=2, part=part)
        assert summary.describe_images(images).startswith(said)
    assert ', 18 more are trained on;' in summary.describe_images(images)


@pytest.mark.parametrize(
    ('places', 'text'),
    [
        (dict(data_prefix=dict(img_path='a/train'), ann_file=''), '3 in a/train'),
        (dict(data_prefix=dict(img='a'), ann_file='a.json'), '3 in a, of the list a.json'),
        (dict(data_prefix={}, ann_file='a.json'), '3 of the list a.json'),
    ],
)
def test_images_of_the_hosts_have_a_place(places, text):
    class Images(list):
        pass

    images = Images([1, 2, 3])
    vars(images).update(places)
    assert summary.describe_images(images) == text


def test_unreadable_images_are_counted_where_they_can_be(tmp_path):
    Image.new('RGB', (4, 4)).save(tmp_path / 'a.png')
    images = UnlabelledImages(str(tmp_path))
    assert summary.count_unreadable(images) == 0
    images.unreadable()[0] = 1
    assert summary.count_unreadable(images) == 1
    assert summary.count_unreadable([1, 2, 3]) == 0


def test_the_batch_counts_processes_and_accumulation():
    trained = run(batch=8, processes=4, accumulated=2)
    assert summary.effective_batch(trained) == 64
    text = '8 images x 4 processes x 2 batches before each step = 64; 5 batches an epoch, '
    text += '10 epochs, 25 steps'
    assert summary.describe_batch(trained) == text


def test_a_run_counted_in_batches_says_how_many():
    text = summary.describe_batch(run(batch=8, max_iters=900))
    assert text == '8 images x 1 process = 8; 5 batches an epoch, 900 batches in all'


def test_a_sampler_of_whole_batches_says_their_size():
    batches = AspectRatioBatchSampler(RandomSampler(range(40)), batch_size=4)
    loader = torch.utils.data.DataLoader(range(40), batch_sampler=batches)
    assert summary.images_per_batch(loader) == 4


@pytest.mark.parametrize(
    ('scaling', 'initial', 'text'),
    [
        (None, 0.1, '0.1'),
        (dict(enable=False, base_batch_size=8), 0.1, '0.1'),
        (
            dict(enable=False, base_batch_size=32),
            0.1,
            '0.1, as written for a batch of 32; --auto-scale-lr would make it 0.025',
        ),
        (
            dict(enable=True, base_batch_size=32),
            0.025,
            '0.025, that is 0.1 of the config x 0.25 (scaled)',
        ),
    ],
)
def test_the_rate_is_the_highest_and_says_whether_it_fits_the_batch(scaling, initial, text):
    trained = run(initial=initial, auto_scale_lr=scaling)
    assert summary.describe_learning_rate(trained) == text


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        ({}, 'random;'),
        (dict(model=Model(backbone_init_cfg=dict(checkpoint=None))), 'random;'),
        (dict(model=Model(backbone_init_cfg=dict(checkpoint='e.pth'))), 'encoder from e.pth'),
        (dict(model=Model(init_cfg=dict(checkpoint='m.pth'))), 'encoder and decoder from m.pth'),
        (dict(model=Model(init_cfg=[dict(type='Xavier', layer='Linear')])), 'random;'),
        (dict(load_from='other.pth'), 'from other.pth'),
        (dict(resume=True, step=15), 'resumed after epoch 3 (step 15)'),
        (dict(resume=True, step=0), 'random;'),
    ],
)
def test_weights_say_where_they_come_from(changes, text):
    described = summary.describe_weights(run(**changes))
    assert described.startswith(text)
    assert described.endswith('1.5 M parameters, all trained')


def test_weights_that_are_frozen_are_counted():
    model = Model()
    model.neck.requires_grad_(False)
    assert summary.describe_weights(run(model=model)).endswith('1.0 M of them trained')


def test_places():
    text = 'out, logs in out/now, a checkpoint every 2 epochs (the last 3 are kept)'
    assert summary.describe_places(run()) == text


@pytest.mark.parametrize(
    ('kind', 'rate', 'steps', 'accumulated', 'sentence'),
    [
        (torch.optim.AdamW, 2.3e-6, 40, 1, '40 steps at a rate of at most 2.3e-06 move no weight'),
        (torch.optim.AdamW, 1e-4, 200, 4, '50 steps at a rate of at most 0.0001'),
        (torch.optim.AdamW, 1e-4, 200, 1, None),
        (torch.optim.SGD, 2.3e-6, 40, 1, None),
    ],
)
def test_too_few_steps_for_their_rate_are_said(kind, rate, steps, accumulated, sentence):
    training = run(max_iters=steps, accumulated=accumulated)
    training.optim_wrapper.optimizer = kind([nn.Parameter(torch.ones(1))], lr=rate)
    said = summary.learns_little(training)
    assert said is None if sentence is None else said.startswith(sentence)


@pytest.mark.parametrize(('rate', 'steps'), [(1e-3, 9), (1e-5, 50)])
def test_adam_does_move_a_weight_no_further(rate, steps):
    """What the warning claims, against the optimizer itself with gradients of any size."""
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=rate)
    for _ in range(steps):
        weight.grad = torch.full((1,), 37.0)
        optimizer.step()
    assert abs(weight.item()) == pytest.approx(steps * rate, rel=0.02)
