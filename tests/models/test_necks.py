import hiera
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from reference_hiera import ARCH, CLIPS, OFFICIAL
from torch import nn

from mmgreen.checkpoints.formats import convert
from mmgreen.models import PooledNorm, SimpleFeaturePyramid


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


def test_the_simple_pyramid_by_its_definition():
    torch.manual_seed(0)
    neck = SimpleFeaturePyramid(16, out_channels=8)
    with torch.no_grad():
        for parameter in neck.parameters():
            parameter.normal_(std=0.3)
    image = torch.randn(2, 16, 6, 10)

    def norm(x, layer):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).square().mean(1, keepdim=True)
        scaled = (x - mean) / (variance + 1e-6).sqrt()
        return scaled * layer.weight[:, None, None] + layer.bias[:, None, None]

    def double(x, conv):
        """Each pixel becomes 2x2, place by place."""
        big = torch.einsum('bchw,cdij->bdhiwj', x, conv.weight).flatten(4, 5).flatten(2, 3)
        return big + conv.bias[:, None, None]

    first, _, _, second = neck.resize[0]
    four = double(F.gelu(norm(double(image, first), neck.resize[0][1])), second)
    halves = image.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))
    sources = (four, double(image, neck.resize[1]), image, halves)
    expected = []
    for source, (one, three) in zip(sources, neck.project, strict=True):
        x = norm(F.conv2d(source, one.conv.weight), one.norm)
        expected.append(norm(F.conv2d(x, three.conv.weight, padding=1), three.norm))
    expected.append(expected[-1][..., ::2, ::2])
    maps = neck((image,))
    assert [tuple(x.shape[2:]) for x in maps] == [(24, 40), (12, 20), (6, 10), (3, 5), (2, 3)]
    for got, wanted in zip(maps, expected, strict=True):
        assert torch.allclose(got, wanted, atol=1e-4)
    assert all(one.conv.bias is None and three.conv.bias is None for one, three in neck.project)
