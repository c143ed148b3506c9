"""What every registered backbone promises, and that GreenSwin is the hosts' Swin."""

import mmdet.models  # noqa: F401
import mmpretrain.models  # noqa: F401
import pytest
import torch
from mmdet.registry import MODELS as MMDET_MODELS
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS

from mmgreen.models import GreenSwin, GreenTwins, Hiera
from mmgreen.registry import MODELS

SMALL = dict(embed_dims=16, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8])
ALL_STAGES = (0, 1, 2, 3)
HIERA = dict(embed_dims=16, depths=[1, 2, 3, 2], num_heads=[1, 2, 4, 8])


def randomise(net, seed=0):
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.1)
    return net


def mmpretrain_swin(**options):
    cfg = dict(type='SwinTransformer', arch=SMALL, out_indices=ALL_STAGES, drop_path_rate=0.0)
    return randomise(MMPRETRAIN_MODELS.build({**cfg, **options}))


def mmdet_swin(window_size=7):
    return randomise(
        MMDET_MODELS.build(
            dict(
                type='SwinTransformer',
                embed_dims=SMALL['embed_dims'],
                depths=SMALL['depths'],
                num_heads=SMALL['num_heads'],
                window_size=window_size,
                drop_path_rate=0.0,
            )
        )
    )


def green_twin(host, **options):
    """A GreenSwin with the host's weights, loaded strictly, and the host's loaded back."""
    green = GreenSwin(
        **{'arch': SMALL, 'out_indices': ALL_STAGES, 'drop_path_rate': 0.0, **options}
    )
    green.load_state_dict(host.state_dict(), strict=True)
    host.load_state_dict(green.state_dict(), strict=True)
    host.eval()
    return green.eval()


def assert_same_maps(green, host, size):
    images = torch.randn(1, 3, *size)
    twin = images.clone()
    images.requires_grad_()
    twin.requires_grad_()
    got, expected = green(images), host(twin)
    assert [m.shape for m in got] == [m.shape for m in expected]
    for a, b in zip(got, expected):
        assert (a - b).abs().max() <= 1e-4 * b.abs().max()
    seeds = [torch.randn_like(m) for m in expected]
    torch.autograd.backward(got, seeds)
    torch.autograd.backward(expected, seeds)
    assert (images.grad - twin.grad).abs().max() <= 1e-4 * twin.grad.abs().max()
    for (name, a), b in zip(green.named_parameters(), host.parameters()):
        assert (a.grad - b.grad).abs().max() <= 1e-4 * b.grad.abs().max().clamp(min=1e-3), name


@pytest.mark.parametrize('size', [(224, 224), (256, 320), (200, 333)])
def test_dense_forward_is_mmpretrains(size):
    host = mmpretrain_swin()
    assert_same_maps(green_twin(host), host, size)


@pytest.mark.parametrize(
    'size', [(224, 224), (256, 320), (200, 333), (33, 47), (33, 33), (40, 5000)]
)
def test_dense_forward_with_pad_small_map_is_mmdets(size):
    host = mmdet_swin()
    assert_same_maps(green_twin(host, pad_small_map=True), host, size)


@pytest.mark.parametrize('size', [(224, 224), (33, 47)])
def test_dense_forward_with_pad_small_map_is_mmpretrains_with_it(size):
    host = mmpretrain_swin(pad_small_map=True)
    assert_same_maps(green_twin(host, pad_small_map=True), host, size)


def test_other_windows_are_mmpretrains_too():
    host = mmpretrain_swin(window_size=14)
    assert_same_maps(green_twin(host, window_size=14, pad_small_map=False), host, (448, 448))


@pytest.mark.parametrize('arch', ['tiny', 'small', 'base', 'large'])
def test_every_arch_loads_mmpretrains_state_dict(arch):
    with torch.device('cpu'):
        host = MMPRETRAIN_MODELS.build(dict(type='SwinTransformer', arch=arch))
    GreenSwin(arch).load_state_dict(host.state_dict(), strict=True)


def test_parameters_stand_in_mmpretrains_order_with_its_names_and_shapes():
    host = mmpretrain_swin()
    green = GreenSwin(SMALL, out_indices=ALL_STAGES)
    assert [(n, p.shape) for n, p in green.named_parameters()] == [
        (n, p.shape) for n, p in host.named_parameters()
    ]


def test_layer_depth_is_mmpretrains():
    host, green = mmpretrain_swin(), GreenSwin(SMALL, out_indices=ALL_STAGES)
    for name, _ in green.named_parameters():
        for prefix in ('', 'backbone.'):
            assert green.get_layer_depth(prefix + name, prefix) == host.get_layer_depth(
                prefix + name, prefix
            )
    assert green.get_layer_depth('head.fc.weight', 'backbone.') == (9, 10)


def test_it_is_built_by_its_registered_name_from_any_scope():
    cfg = dict(type='mmgreen.GreenSwin', arch=SMALL)
    for registry in (MODELS, MMPRETRAIN_MODELS, MMDET_MODELS):
        assert isinstance(registry.build(cfg), GreenSwin)


@pytest.mark.parametrize('frozen', [-1, 0, 2, 4])
def test_frozen_stages_have_no_gradient_and_stay_in_eval_mode(frozen):
    net = GreenSwin(SMALL, out_indices=ALL_STAGES, frozen_stages=frozen).train()
    images = torch.randn(1, 3, 64, 64)
    if frozen < 4:
        torch.stack([m.mean() for m in net(images)]).sum().backward()
    for name, parameter in net.named_parameters():
        stage = int(name.split('.')[1]) if name.startswith('stages') else None
        if name.startswith('norm'):
            stage = int(name[4])
        is_frozen = frozen >= 0 and (stage is None or stage < frozen)
        assert parameter.requires_grad != is_frozen, name
        if frozen < 4:
            assert (parameter.grad is None) == is_frozen, name
    assert net.stages[3].training == (frozen < 4)
    assert net.patch_embed.training == (frozen < 0)
    assert net.eval() is net


def test_bad_frozen_stages_are_refused():
    with pytest.raises(ValueError, match='frozen_stages must lie in -1..4, not 5'):
        GreenSwin(SMALL, frozen_stages=5)


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError, match='use_abs_pos_embed'):
        GreenSwin(SMALL, use_abs_pos_embed=True)


class TestHiera:
    def test_it_is_built_by_its_registered_name_from_any_scope(self):
        cfg = dict(type='mmgreen.Hiera', arch=HIERA, img_size=64)
        for registry in (MODELS, MMPRETRAIN_MODELS, MMDET_MODELS):
            assert isinstance(registry.build(cfg), Hiera)

    def test_layer_depth_is_that_of_its_authors(self):
        net = Hiera(HIERA, img_size=64, pos_embed='abs_win')
        expected = {
            'patch_embed.proj.weight': 0,
            'pos_embed': 0,
            'pos_embed_window': 0,
            'blocks.0.norm1.weight': 1,
            'blocks.7.mlp.fc2.bias': 8,
        }
        for name, depth in expected.items():
            assert net.get_layer_depth(f'backbone.{name}', 'backbone.') == (depth, 9)
        assert net.get_layer_depth('head.fc.weight', 'backbone.') == (8, 9)

    @pytest.mark.parametrize('frozen', [-1, 0, 2, 4])
    def test_frozen_stages(self, frozen):
        net = Hiera(
            HIERA, img_size=64, out_indices=ALL_STAGES, out_norms=True, frozen_stages=frozen
        ).train()
        last_frozen = (1, 3, 6, 8)[frozen - 1] if frozen > 0 else 0
        for name, parameter in net.named_parameters():
            part = name.split('.')
            if part[0] == 'blocks':
                is_frozen = int(part[1]) < last_frozen
            elif part[0].startswith('norm'):
                is_frozen = int(part[0][4]) < frozen
            else:
                is_frozen = frozen >= 0
            assert parameter.requires_grad != is_frozen, name
        assert [block.training for block in net.blocks] == [i >= last_frozen for i in range(8)]

    def test_norms_of_the_maps_are_an_option(self):
        plain = Hiera(HIERA, img_size=64, out_indices=ALL_STAGES).eval()
        normed = Hiera(HIERA, img_size=64, out_indices=ALL_STAGES, out_norms=True).eval()
        normed.load_state_dict(plain.state_dict(), strict=False)
        images = torch.randn(1, 3, 64, 64)
        for a, b in zip(plain(images), normed(images)):
            expected = torch.nn.functional.layer_norm(a.permute(0, 2, 3, 1), a.shape[1:2], eps=1e-6)
            assert torch.allclose(expected.permute(0, 3, 1, 2), b, atol=1e-5)


TWINS = dict(
    embed_dims=[8, 16, 24, 32],
    depths=[2, 1, 3, 2],
    num_heads=[1, 2, 3, 4],
    patch_sizes=[4, 2, 2, 2],
    strides=[4, 2, 2, 2],
    mlp_ratios=[2, 2, 2, 2],
    sr_ratios=[8, 4, 2, 1],
    window_sizes=[7, 7, 7, 7],
)


class TestTwins:
    @pytest.mark.parametrize('name', ['mmpretrain', 'mmdet'])
    def test_it_is_built_by_its_registered_name_from_any_scope(self, name):
        registry = {'mmpretrain': MMPRETRAIN_MODELS, 'mmdet': MMDET_MODELS}[name]
        net = registry.build(dict(type='mmgreen.GreenTwins', arch=TWINS, out_indices=ALL_STAGES))
        assert isinstance(net, GreenTwins) and net.out_channels == (8, 16, 24, 32)

    def test_its_eps_is_that_of_norm_cfg_but_in_patch_embeddings(self):
        net = GreenTwins(TWINS, norm_after_stage=True, norm_cfg=dict(type='LN', eps=1e-6))
        norms = {n: m.eps for n, m in net.named_modules() if isinstance(m, torch.nn.LayerNorm)}
        assert {eps for n, eps in norms.items() if n.startswith('patch_embeds')} == {1e-5}
        assert {eps for n, eps in norms.items() if not n.startswith('patch_embeds')} == {1e-6}
        for bad in (dict(type='BN'), dict(type='LN', elementwise_affine=False)):
            with pytest.raises(ValueError, match='norm_cfg must be dict'):
                GreenTwins(TWINS, norm_cfg=bad)

    @pytest.mark.parametrize(
        ('name', 'depth'),
        [
            ('patch_embeds.0.projection.weight', 0),
            ('stages.0.0.attn.qkv.weight', 1),
            ('position_encodings.0.proj.weight', 1),
            ('stages.0.1.attn.sr.weight', 2),
            ('norm_after_stage0.weight', 2),
            ('patch_embeds.1.projection.weight', 2),
            ('stages.1.0.norm1.weight', 3),
            ('position_encodings.2.proj.weight', 4),
            ('stages.3.1.ffn.layers.1.weight', 8),
            ('norm_after_stage3.weight', 9),
            ('head.fc.weight', 9),
        ],
    )
    def test_layer_depth(self, name, depth):
        net = GreenTwins(TWINS, norm_after_stage=True)
        full = name if name.startswith('head') else f'backbone.{name}'
        assert net.get_layer_depth(full, 'backbone.') == (depth, 10)

    @pytest.mark.parametrize('frozen', [-1, 0, 2])
    def test_frozen_stages(self, frozen):
        net = GreenTwins(TWINS, norm_after_stage=True, frozen_stages=frozen).train()
        still = {name for name, x in net.named_parameters() if not x.requires_grad}
        parts = set() if frozen < 0 else {'patch_embeds.0.'}
        for stage in range(frozen):
            parts |= {
                f'patch_embeds.{stage}.', f'stages.{stage}.', f'position_encodings.{stage}.',
                f'norm_after_stage{stage}.',
            }  # fmt: skip
        expected = {n for n, _ in net.named_parameters() if n.startswith(tuple(parts) or ('-',))}
        assert still == expected
        net(torch.randn(1, 3, 64, 64))[0].sum().backward()
