"""Twins' formats against the nets they come from."""

import pytest
import timm
import torch
from mmpretrain.models.backbones import PCPVT, SVT

from mmgreen.checkpoints import convert, convert_back, load_pretrained
from mmgreen.models import GreenTwins

SIZES = dict(embed_dims=[8, 16, 24, 32], depths=[2, 2, 2, 2], num_heads=[1, 2, 3, 4])
SVT_ARCH = dict(
    **SIZES,
    patch_sizes=[4, 2, 2, 2],
    strides=[4, 2, 2, 2],
    mlp_ratios=[4, 4, 4, 4],
    sr_ratios=[8, 4, 2, 1],
    window_sizes=[7, 7, 7, 7],
)
PCPVT_ARCH = {key: x for key, x in SVT_ARCH.items() if key != 'window_sizes'}
OPTIONS = dict(qkv_bias=True, norm_after_stage=[False, False, False, True])


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def randomised(net):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.1)
    return net.eval()


def load(tmp_path, weights, net, **options):
    torch.save(weights, tmp_path / 'file.pth')
    return load_pretrained(net, tmp_path / 'file.pth', **options)


def assert_same(got, expected):
    assert (got - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize('kind', ['svt', 'pcpvt'])
def test_timm_and_official(tmp_path, kind):
    judge = randomised(timm.create_model(f'twins_{kind}_small', num_classes=5))
    net = GreenTwins(f'{kind}_small', norm_cfg=dict(type='LN', eps=1e-6), **OPTIONS).eval()
    report = load(tmp_path, judge.state_dict(), net)
    assert (report.title, report.share) == ('official or timm Twins', 1.0)
    assert not report.missing and not report.unexpected
    assert set(report.not_needed) == {'head.fc.weight', 'head.fc.bias'}
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        features = judge.forward_features(images)
        assert_same(net(images)[0].flatten(2).transpose(1, 2), features)
        pooled = net(images)[0].mean((2, 3))
        head = convert(judge.state_dict()).state_dict
        assert_same(pooled @ head['head.fc.weight'].T + head['head.fc.bias'], judge(images))


@pytest.mark.parametrize(('host', 'arch'), [(SVT, SVT_ARCH), (PCPVT, PCPVT_ARCH)])
@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_mmpretrains(tmp_path, host, arch, prefix):
    judge = randomised(host(arch, **OPTIONS))
    net = GreenTwins(arch, **OPTIONS).eval()
    weights = {prefix + name: x for name, x in judge.state_dict().items()}
    report = load(tmp_path, {'state_dict': weights, 'meta': {}}, net)
    assert report.share == 1.0 and not report.missing and not report.unexpected
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert_same(net(images)[0], judge(images)[0])


def test_a_detector_may_have_norms_that_pretraining_lacks(tmp_path):
    source = GreenTwins(SVT_ARCH, **OPTIONS)
    net = GreenTwins(SVT_ARCH, qkv_bias=True, norm_after_stage=True)
    report = load(tmp_path, source.state_dict(), net)
    assert report.share == 1.0 and len(report.expected_missing) == 6 and not report.missing


def test_back_to_official_names():
    judge = timm.create_model('twins_svt_small', num_classes=5)
    back = convert_back(convert(judge.state_dict()).state_dict, 'twins')
    judge.load_state_dict(back.state_dict)
    assert not back.leftover


def test_other_nets_are_told_apart(tmp_path):
    net = GreenTwins(SVT_ARCH, **OPTIONS)
    other = GreenTwins('svt_small', **OPTIONS)
    with pytest.raises(ValueError, match=r'Twins with SVT blocks, embed_dims \[64, .* has a Twins'):
        load(tmp_path, other.state_dict(), net)
    greenmim = {
        f'encoder.{name}': x
        for name, x in timm.create_model('twins_svt_small').state_dict().items()
    }
    greenmim['decoder_pred.weight'] = torch.zeros(1)
    with pytest.raises(ValueError, match="GreenMIM's Twins, whose position encoding lacks its"):
        load(tmp_path, greenmim, other)
