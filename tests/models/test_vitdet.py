"""ViTDet's backbone against Hugging Face's, with the same weights."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS as MMDET_MODELS
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from transformers import VitDetBackbone, VitDetConfig

from mmgreen.models import SimpleFeaturePyramid, ViTDet

ARCH = dict(
    embed_dims=16,
    num_layers=4,
    num_heads=2,
    feedforward_channels=64,
    global_attn_indexes=[1, 3],
)


def judge():
    """A small VitDet whose parameters are all random, relative positions included."""
    torch.manual_seed(0)
    net = VitDetBackbone(
        VitDetConfig(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            mlp_ratio=4,
            image_size=512,
            pretrain_image_size=224,
            window_block_indices=[0, 2],
            window_size=14,
            use_absolute_position_embeddings=True,
            use_relative_position_embeddings=True,
            out_indices=[4],
        )
    )
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.1)
    return net.eval()


def in_our_names(weights):
    names = (
        ('embeddings.projection', 'patch_embed.projection'),
        ('encoder.layer.', 'layers.'),
        ('norm1', 'ln1'),
        ('norm2', 'ln2'),
        ('attention.', 'attn.'),
        ('mlp.fc1', 'ffn.layers.0.0'),
        ('mlp.fc2', 'ffn.layers.1'),
    )
    ours = {}
    for name, tensor in weights.items():
        if name == 'embeddings.position_embeddings':
            ours['pos_embed'] = tensor[:, 1:].unflatten(1, (14, 14))
            continue
        for theirs, our in names:
            name = name.replace(theirs, our)
        ours[name] = tensor
    return ours


@pytest.mark.parametrize('size', [(512, 512), (512, 320), (224, 224)])
def test_maps_and_gradients_are_hugging_faces(size):
    theirs, net = judge(), ViTDet(ARCH, img_size=512).eval()
    net.load_state_dict(in_our_names(theirs.state_dict()))
    images = torch.randn(1, 3, *size)
    (ours,), (expected,) = net(images), theirs(images).feature_maps
    assert (ours - expected).abs().max() <= 1e-4 * expected.abs().max()
    towards = torch.randn_like(ours)
    (ours * towards).sum().backward()
    (expected * towards).sum().backward()
    gradients = in_our_names({name: x.grad for name, x in theirs.named_parameters()})
    for name, parameter in net.named_parameters():
        off = (parameter.grad - gradients[name]).norm()
        assert off <= 1e-3 * gradients[name].norm() + 1e-6, name


def test_it_is_built_by_its_registered_name_from_any_scope():
    for registry in (MMPRETRAIN_MODELS, MMDET_MODELS):
        net = registry.build(dict(type='mmgreen.ViTDet', arch=ARCH, img_size=64))
        assert net.pos_embed.shape == (1, 14, 14, 16)
        assert net.get_layer_depth('backbone.layers.2.ln1.weight', 'backbone.') == (3, 6)


def test_with_cp_changes_no_gradient():
    nets = [ViTDet(ARCH, img_size=64, with_cp=with_cp) for with_cp in (False, True)]
    nets[1].load_state_dict(nets[0].state_dict())
    images, kept = torch.randn(2, 3, 64, 96), []
    for net in nets:
        bytes_kept = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, sizes=bytes_kept: sizes.append(x.nbytes) or x, lambda x: x
        ):
            loss = net(images)[0].square().sum()
        loss.backward()
        kept.append(sum(bytes_kept))
    for name, parameter in nets[0].named_parameters():
        assert torch.allclose(parameter.grad, nets[1].get_parameter(name).grad), name
    assert kept[1] < 0.2 * kept[0]


def test_frozen_stages():
    net = ViTDet(ARCH, img_size=64, frozen_stages=2)
    still = {name.split('.')[1] for name, x in net.named_parameters()
             if name.startswith('layers') and not x.requires_grad}  # fmt: skip
    assert still == {'0', '1'} and not net.pos_embed.requires_grad


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
