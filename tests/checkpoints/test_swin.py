"""Every Swin format against the net it comes from: the outputs, the names and the way back."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models import SimMIMLinearDecoder, SimMIMSwinTransformer, SwinTransformer
from reference_checkpoints import (
    ARCH,
    Model,
    OriginalDecoder,
    official_greenmim,
    official_names,
    official_simmim,
    original_maps,
    original_swin,
    randomised,
    row_first,
    small_swin,
)

from mmgreen.checkpoints.formats import convert, convert_back
from mmgreen.checkpoints.loading import load_pretrained
from mmgreen.checkpoints.swin import SWIN


def backbone_of(converted):
    weights = converted.state_dict
    return {n.removeprefix('backbone.'): x for n, x in weights.items() if n.startswith('backbone.')}


def assert_same_outputs(ours, theirs, images):
    with torch.no_grad():
        (maps,) = ours(images)
    wanted = original_maps(theirs, images)
    assert (maps - wanted).abs().max() < 1e-4 * wanted.abs().max()


def load(tmp_path, content, module, **options):
    torch.save(content, tmp_path / 'file.pth')
    return load_pretrained(module, tmp_path / 'file.pth', **options)


def slow_merging(maps, weights, order):
    """Patch merging from the definition: (B, C, h, w) with even sides to (B, h/2, w/2, 2C)."""
    places = {'column_first': ((0, 0), (1, 0), (0, 1), (1, 1)), 'row_first': None}[order]
    places = places or ((0, 0), (0, 1), (1, 0), (1, 1))
    tokens = maps.permute(0, 2, 3, 1)
    merged = torch.cat([tokens[:, row::2, column::2] for row, column in places], dim=-1)
    normed = F.layer_norm(
        merged,
        merged.shape[-1:],
        weights['downsample.norm.weight'],
        weights['downsample.norm.bias'],
    )
    return normed @ weights['downsample.reduction.weight'].T


@pytest.mark.parametrize('order', ['column_first', 'row_first'])
def test_patch_merging(order):
    """One layer of OpenMMLab's own with converted weights, against the definition."""
    weights = {
        'downsample.norm.weight': torch.randn(64),
        'downsample.norm.bias': torch.randn(64),
        'downsample.reduction.weight': torch.randn(32, 64),
    }
    ours = SWIN.to_ours({f'stages.0.{name}': x for name, x in weights.items()}, order)
    layer = SwinTransformer(arch=ARCH).stages[0].downsample
    layer.load_state_dict({n.removeprefix('stages.0.downsample.'): x for n, x in ours.items()})
    maps = torch.randn(2, 16, 6, 8)
    with torch.no_grad():
        merged, size = layer(maps.flatten(2).transpose(1, 2), (6, 8))
    wanted = slow_merging(maps, weights, order)
    assert torch.allclose(merged.view(2, *size, 32), wanted, atol=1e-4)
    back = SWIN.from_ours(ours, order)
    assert all(torch.equal(back[f'stages.0.{name}'], x) for name, x in weights.items())


@pytest.mark.parametrize(('window', 'size'), [(7, 224), (14, 224), (6, 192), (12, 192)])
def test_official_swin(tmp_path, window, size):
    original = original_swin(window, size)
    ours = small_swin(window)
    report = load(tmp_path, {'model': official_names(original)}, ours)
    assert report.title == 'official Swin'
    assert report.share == 1.0
    assert not report.missing and not report.unexpected and not report.mismatched
    cut = window in (12, 14)
    assert len(report.resized) == (2 if cut else 0)
    assert all('centred' in reason for reason in report.resized.values())
    assert_same_outputs(ours, original, torch.randn(2, 3, size, size))


def test_timm_is_the_official_swin_under_other_names():
    original = original_swin()
    theirs, official = convert(original.state_dict()), convert(official_names(original))
    assert (theirs.format, official.format) == ('timm', 'swin')
    for name, tensor in theirs.state_dict.items():
        assert torch.equal(tensor, official.state_dict[name])


def test_official_simmim(tmp_path):
    original, ours = original_swin(6, 192), small_swin(6)
    report = load(tmp_path, official_simmim(original), ours)
    assert report.title == 'official SimMIM'
    assert report.share == 1.0 and not report.unexpected
    assert 'encoder.mask_token' in report.not_needed
    assert_same_outputs(ours, original, torch.randn(1, 3, 192, 192))


def test_official_greenmim(tmp_path):
    original, decoder = original_swin(), randomised(OriginalDecoder())
    ours = Model()
    report = load(tmp_path, official_greenmim(original, decoder), ours, part='model')
    assert report.title == 'official GreenMIM'
    assert report.share == 1.0 and not report.unexpected
    assert 'row_first' in report.notes[0]
    assert_same_outputs(ours.backbone, original, torch.randn(1, 3, 224, 224))
    masked = torch.rand(49) < 0.75
    tokens = torch.randn(2, int((~masked).sum()), 128)
    with torch.no_grad():
        predicted, wanted = ours.neck((tokens,), masked), decoder(tokens, masked)
    assert (predicted - wanted).abs().max() < 1e-4 * wanted.abs().max()


def test_greenmim_in_the_other_order(tmp_path):
    original, decoder = original_swin(), OriginalDecoder()
    content = official_greenmim(original, decoder)
    content['model'] = row_first(content['model'])  # its own inverse: column first again
    images = torch.randn(1, 3, 224, 224)
    ours = small_swin()
    load(tmp_path, content, ours, merge_order='column_first')
    assert_same_outputs(ours, original, images)
    load(tmp_path, content, ours)
    with pytest.raises(AssertionError):
        assert_same_outputs(ours, original, images)


def test_official_detector(tmp_path):
    original = original_swin()
    weights = {f'backbone.{name}': x for name, x in official_names(original).items()}
    for part in ('weight', 'bias'):
        weights[f'backbone.norm3.{part}'] = weights.pop(f'backbone.norm.{part}')
        weights[f'backbone.norm0.{part}'] = torch.zeros(16)
        del weights[f'backbone.head.{part}']
    weights['rpn_head.rpn_conv.weight'] = torch.zeros(1)
    ours = small_swin()
    report = load(tmp_path, {'state_dict': weights, 'meta': {}}, ours)
    assert report.title == 'official Swin detector'
    assert report.share == 1.0 and not report.unexpected
    assert_same_outputs(ours, original, torch.randn(1, 3, 224, 224))


def openmmlab_swin(**options):
    return randomised(SwinTransformer(arch=ARCH, **options))


@pytest.mark.parametrize('prefix', ['', 'backbone.', 'module.backbone.', 'img_backbone.'])
def test_openmmlab_under_any_prefix(tmp_path, prefix):
    original = openmmlab_swin()
    original.train(False)
    weights = {f'{prefix}{name}': tensor for name, tensor in original.state_dict().items()}
    if prefix:
        weights['module.head.fc.weight' if 'module' in prefix else 'head.fc.weight'] = torch.ones(2)
    ours = small_swin()
    report = load(tmp_path, {'state_dict': weights, 'meta': {'epoch': 1}}, ours)
    assert report.share == 1.0 and not report.unexpected and not report.missing
    images = torch.randn(1, 3, 224, 256)
    with torch.no_grad():
        assert torch.allclose(ours(images)[0], original(images)[0], atol=1e-4)


def test_mmcls_before_version_1():
    weights = dict(openmmlab_swin().state_dict())
    old = {name.replace('norm3.', 'norm.'): tensor for name, tensor in weights.items()}
    old['stages.0.blocks.1.attn.attn_mask'] = torch.zeros(64, 49, 49)
    converted = convert({f'backbone.{name}': tensor for name, tensor in old.items()})
    assert converted.leftover == ()
    assert set(backbone_of(converted)) == set(weights)


def test_mmpretrain_simmim():
    encoder = SimMIMSwinTransformer(arch=ARCH, stage_cfgs={'block_cfgs': {'window_size': 6}})
    decoder = SimMIMLinearDecoder(in_channels=128, encoder_stride=32)
    weights = {
        **{f'backbone.{name}': tensor for name, tensor in encoder.state_dict().items()},
        **{f'neck.{name}': tensor for name, tensor in decoder.state_dict().items()},
    }
    converted = convert(weights)
    assert converted.format == 'openmmlab_simmim'
    assert converted.leftover == ()
    assert set(converted.dropped) == {
        'backbone.mask_token',
        'neck.decoder.0.weight',
        'neck.decoder.0.bias',
    }
    assert set(backbone_of(converted)) == set(small_swin().state_dict())


def test_our_pretraining():
    weights = Model().state_dict()
    converted = convert(weights)
    assert converted.format == 'mmgreen'
    assert converted.dropped == converted.leftover == ()
    assert converted.state_dict.keys() == weights.keys()


def test_complete_loads_strictly_into_the_hosts_net():
    official = convert(official_names(original_swin(14, 224)))
    complete = SWIN.complete(backbone_of(official))
    host = SwinTransformer(arch=ARCH, window_size=14)
    host.load_state_dict(complete, strict=True)
    for name, index in SwinTransformer(arch=ARCH, window_size=14).state_dict().items():
        if name.endswith('relative_position_index'):
            assert torch.equal(complete[name], index)


@pytest.mark.parametrize(('window', 'size'), [(7, 224), (14, 224)])
def test_to_official_swin_and_back(window, size):
    official = official_names(original_swin(window, size))
    converted = convert(official)
    assert converted.leftover == ()
    assert converted.dropped == ('layers.0.blocks.1.attn_mask',)
    ours = {f'backbone.{n}': x for n, x in SWIN.complete(backbone_of(converted)).items()}
    heads = {n: x for n, x in converted.state_dict.items() if n.startswith('head.')}
    back = convert_back({**ours, **heads}, 'swin')
    assert back.leftover == back.dropped == ()
    assert set(back.state_dict) == set(official) - {'layers.0.blocks.1.attn_mask'}
    for name, tensor in back.state_dict.items():
        assert torch.equal(tensor, official[name]), name


@pytest.mark.parametrize('order', [None, 'column_first'])
def test_to_official_greenmim_and_back(order):
    official = official_greenmim(original_swin(), randomised(OriginalDecoder()))['model']
    converted = convert(official, merge_order=order)
    assert converted.leftover == ()
    back = convert_back(converted.state_dict, 'greenmim', merge_order=order)
    assert set(back.state_dict) == set(official) - {'encoder.layers.0.blocks.1.attn_mask'}
    for name, tensor in back.state_dict.items():
        assert torch.equal(tensor, official[name]), name


def test_our_own_training_for_the_official_code():
    """A table that a conversion did not make is cut by the size of image alone."""
    ours = {f'backbone.{n}': x for n, x in randomised(small_swin(14)).state_dict().items()}
    name = 'layers.3.blocks.0.attn.relative_position_bias_table'
    assert convert_back(ours, 'swin').state_dict[name].shape == (729, 8)
    cut = convert_back(ours, 'swin', img_size=224).state_dict
    assert cut[name].shape == (169, 8)
    assert cut[name.replace('bias_table', 'index')].shape == (49, 49)
    assert cut['layers.2.blocks.0.attn.relative_position_bias_table'].shape == (729, 4)
    original = original_swin(14, 224)
    weights = convert(cut).state_dict
    restored = small_swin(14)
    restored.load_state_dict(
        SWIN.complete({n.removeprefix('backbone.'): x for n, x in weights.items()})
    )
    wanted = small_swin(14)
    wanted.load_state_dict({n.removeprefix('backbone.'): x for n, x in ours.items()})
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.allclose(restored(images)[0], wanted(images)[0], atol=1e-5)
    assert set(cut) == {n for n in official_names(original) if 'head' not in n} - {
        'layers.0.blocks.1.attn_mask'
    }


def test_describe():
    assert SWIN.describe(small_swin(14).state_dict()) == (
        'embed_dims 16, depths [2, 2, 2, 2], window 14'
    )
    assert SWIN.describe({'conv.weight': torch.ones(1)}) is None
