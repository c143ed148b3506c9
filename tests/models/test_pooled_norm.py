import hiera
import pytest
import torch
from mmpretrain.registry import MODELS
from reference_hiera import ARCH, CLIPS, OFFICIAL
from torch import nn

from mmgreen.checkpoints.formats import convert
from mmgreen.models import PooledNorm


def test_it_normalises_the_mean_of_the_last_map():
    neck = PooledNorm(4)
    maps = (torch.randn(2, 2, 6, 4), torch.randn(2, 4, 3, 2))
    (pooled,) = neck(maps)
    mean = maps[1].sum((2, 3)) / 6
    centred = mean - mean.mean(1, keepdim=True)
    expected = centred / (centred.square().mean(1, keepdim=True) + 1e-6).sqrt()
    assert torch.allclose(pooled, expected, atol=1e-5)


@pytest.mark.parametrize('size', [(64, 64), (4, 64, 64)], ids=['images', 'clips'])
def test_class_scores_are_the_originals(size):
    options = CLIPS if len(size) == 3 else {}
    judge = hiera.Hiera(input_size=size, num_classes=7, **OFFICIAL, **options).eval()
    with torch.no_grad():
        for parameter in judge.parameters():
            parameter.normal_(std=0.1)
    judge.head.act_func = nn.Identity()  # scores, not probabilities
    model = MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=dict(type='mmgreen.Hiera', arch=ARCH, img_size=size),
            neck=dict(type='mmgreen.PooledNorm', in_channels=128),
            head=dict(type='mmpretrain.LinearClsHead', num_classes=7, in_channels=128),
        )
    ).eval()
    model.load_state_dict(convert(judge.state_dict()).state_dict)
    images = torch.randn(2, 3, *size)
    ours, theirs = model(images), judge(images)
    assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()
    ours.square().sum().backward()
    theirs.square().sum().backward()
    gradient, expected = model.neck.norm.weight.grad, judge.norm.weight.grad
    assert (gradient - expected).abs().max() <= 1e-3 * expected.abs().max()


def test_dropout_leaves_out_channels_in_training_alone():
    pool = PooledNorm(64, dropout=0.5)
    maps = (torch.randn(8, 64, 3, 3),)
    assert 0.3 < (pool(maps)[0] == 0).float().mean() < 0.7
    assert (pool.eval()(maps)[0] != 0).all()
    assert set(pool.state_dict()) == {'norm.weight', 'norm.bias'}
