"""ViT's formats: MAE's official names, which are timm's, and OpenMMLab's."""

import pytest
import timm
import torch
import torch.nn.functional as F
from mmpretrain.models.selfsup import MAEViT

from mmgreen.checkpoints import load_pretrained
from mmgreen.models import ViTDet

ARCH = dict(
    embed_dims=16,
    num_layers=2,
    num_heads=2,
    feedforward_channels=64,
    global_attn_indexes=[1],
)


def load(tmp_path, weights, net):
    torch.save(weights, tmp_path / 'file.pth')
    return load_pretrained(net, tmp_path / 'file.pth')


def test_official_mae_and_timm(tmp_path):
    torch.manual_seed(0)
    source = timm.models.vision_transformer.VisionTransformer(
        img_size=224, embed_dim=16, depth=2, num_heads=2, num_classes=3
    )
    weights = {name: torch.randn_like(x) for name, x in source.state_dict().items()}
    weights['decoder_pred.weight'] = torch.zeros(1)
    net = ViTDet(ARCH)
    report = load(tmp_path, {'model': weights}, net)
    assert (report.title, report.share) == ('official MAE or timm ViT', 1.0)
    assert len(report.expected_missing) == 4 and not (report.missing or report.unexpected)
    assert torch.equal(net.pos_embed, weights['pos_embed'][:, 1:].unflatten(1, (14, 14)))
    assert torch.equal(net.layers[1].ffn.layers[1].bias, weights['blocks.1.mlp.fc2.bias'])
    assert not net.layers[0].attn.rel_pos_h.any()
    # The first block computes what timm's does, tokens alone: the same weights in the same places.
    source.load_state_dict({name: x for name, x in weights.items() if 'decoder' not in name})
    tokens = torch.randn(1, 14, 14, 16)
    with torch.no_grad():
        ours = net.layers[1](tokens)
        theirs = source.blocks[1](tokens.flatten(1, 2)).view(1, 14, 14, 16)
    assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_mmpretrains_mae(tmp_path, prefix):
    arch = {key: x for key, x in ARCH.items() if key != 'global_attn_indexes'}
    source = MAEViT(arch=arch, img_size=64)
    weights = {prefix + name: torch.randn_like(x) for name, x in source.state_dict().items()}
    net = ViTDet(ARCH)
    report = load(tmp_path, {'state_dict': weights}, net)
    assert report.share == 1.0 and not (report.missing or report.unexpected)
    # 4x4 places, without the class token's, on the 14x14 of the model.
    maps = weights[f'{prefix}pos_embed'][:, 1:].transpose(1, 2).unflatten(2, (4, 4))
    maps = F.interpolate(maps, (14, 14), mode='bicubic').permute(0, 2, 3, 1)
    assert torch.allclose(net.pos_embed, maps) and 'pos_embed' in report.resized


def test_a_detector_of_another_size(tmp_path):
    source = ViTDet(ARCH, img_size=512)
    torch.nn.init.normal_(source.layers[1].attn.rel_pos_h)
    weights = {f'backbone.{name}': x for name, x in source.state_dict().items()}
    net = ViTDet(ARCH, img_size=1024)
    report = load(tmp_path, {'state_dict': {**weights, 'rpn_head.x': torch.zeros(1)}}, net)
    assert report.share == 1.0
    assert set(report.resized) == {'layers.1.attn.rel_pos_h', 'layers.1.attn.rel_pos_w'}
    rows = source.layers[1].attn.rel_pos_h.detach().T[None]
    expected = F.interpolate(rows, 127, mode='linear')[0].T
    assert torch.allclose(net.layers[1].attn.rel_pos_h, expected)


def test_another_width_is_told_in_words(tmp_path):
    source = timm.create_model('vit_tiny_patch16_224')
    sentence = 'ViT with embed_dims 192, 12 layers, the model has a ViT with embed_dims 16, 2 lay'
    with pytest.raises(ValueError, match=sentence):
        load(tmp_path, source.state_dict(), ViTDet(ARCH))
