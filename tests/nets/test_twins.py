"""Twins against mmpretrain's SVT and PCPVT, and on visible tokens against a slow reference."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.backbones import PCPVT, SVT

from mmgreen.nets.twins import TwinsEncoder
from mmgreen.nets.twins_layers import DenseTokens

SIZES = dict(
    embed_dims=[8, 16, 24, 32],
    num_heads=[1, 2, 3, 4],
    patch_sizes=[4, 2, 2, 2],
    strides=[4, 2, 2, 2],
    mlp_ratios=[2, 2, 2, 2],
    sr_ratios=[8, 4, 2, 1],
)
SMALL = {
    'svt': dict(depths=[2, 2, 3, 2], window_sizes=[7, 7, 7, 7], **SIZES),
    'pcpvt': dict(depths=[1, 2, 1, 2], **SIZES),
}
HOSTS = {'svt': SVT, 'pcpvt': PCPVT}
ALL = (0, 1, 2, 3)
PUBLISHED = [f'{kind}_{size}' for kind in HOSTS for size in ('small', 'base', 'large')]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def randomised(net):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.2)
    return net.eval()


def small(kind, **options):
    options = {'qkv_bias': True, 'norm_after_stage': [False, True, False, True], **options}
    return randomised(TwinsEncoder(SMALL[kind], out_indices=ALL, **options))


def assert_same(got, expected):
    assert got.shape == expected.shape
    assert (got - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize('arch', PUBLISHED)
def test_parameters_of_every_size_are_mmpretrains(arch):
    kind, size = arch.split('_')
    options = dict(qkv_bias=True, norm_after_stage=[False, False, False, True])
    with torch.device('meta'):
        ours = TwinsEncoder(arch, **options)
    host = HOSTS[kind](size, **options)
    shapes = {name: x.shape for name, x in host.state_dict().items()}
    assert {name: x.shape for name, x in ours.state_dict().items()} == shapes


@pytest.mark.parametrize('kind', HOSTS)
@pytest.mark.parametrize('norms', [False, [False, True, False, True]])
@pytest.mark.parametrize('qkv_bias', [False, True])
def test_dense_outputs_and_gradients_equal_mmpretrains(kind, norms, qkv_bias):
    options = dict(qkv_bias=qkv_bias, norm_after_stage=norms)
    host = randomised(HOSTS[kind](SMALL[kind], out_indices=ALL, **options))
    net = TwinsEncoder(SMALL[kind], out_indices=ALL, **options).eval()
    net.load_state_dict(host.state_dict())
    host.load_state_dict(net.state_dict())
    for size in ((224, 224), (448, 448), (256, 320), (240, 270)):
        images = torch.randn(2, 3, *size)
        ours, theirs = net(images), host(images)
        for got, expected in zip(ours, theirs, strict=True):
            assert_same(got, expected)
    sum(x.square().mean() for x in ours).backward()
    sum(x.square().mean() for x in theirs).backward()
    expected = {name: x.grad for name, x in host.named_parameters()}
    for name, parameter in net.named_parameters():
        off = (parameter.grad - expected[name]).norm()
        assert off <= 1e-4 * expected[name].norm() + 1e-6, name


def test_where_one_side_alone_is_padded_mmpretrain_loses_its_mask_and_we_do_not():
    host = randomised(SVT(SMALL['svt'], out_indices=(0,)))
    net = TwinsEncoder(SMALL['svt'], out_indices=(0,)).eval()
    net.load_state_dict(host.state_dict())
    images = torch.randn(1, 3, 224, 4 * 58)  # 56 rows are whole windows of 7 tokens, 58 columns not
    with torch.no_grad():
        (ours,), (theirs,) = net(images), host(images)
        assert (ours - theirs).abs().max() > 1e-2 * theirs.abs().max()
        # Ours does not depend on what padding would hold: the last window alone, cut out.
        tokens = net.patch_embeds[0](images)
        block = net.stages[0][0]
        normed = block.norm1(tokens)
        qkv = block.attn.qkv(normed[:, :7, 56:]).reshape(1, 14, 3, 1, 8).permute(2, 0, 3, 1, 4)
        alone = block.attn.proj(F.scaled_dot_product_attention(*qkv)[:, 0]).view(1, 7, 2, 8)
        where = DenseTokens.over((56, 58), 7, images.device)
        assert_same(block.attn(normed, where)[:, :7, 56:], alone)


@pytest.mark.parametrize('kind', HOSTS)
def test_odd_sizes(kind):
    net = small(kind)
    with torch.no_grad():
        for height, width in ((33, 47), (32, 32), (64, 200)):
            maps = net(torch.randn(1, 3, height, width))
            for stage, found in enumerate(maps):
                stride = 4 * 2**stage
                assert found.shape[-2:] == (-(-height // stride), -(-width // stride))
                assert found.isfinite().all()


def reference(net, images, masked):
    """All stages of a Twins on whole maps, with hidden tokens zeroed and excluded one by one."""
    rows, columns = (side // 32 for side in images.shape[-2:])
    shown = (~masked).view(rows, columns)
    maps, stages = images, []
    for i in range(4):
        tokens = net.patch_embeds[i](maps)
        side = tokens.shape[1] // rows
        visible = shown.repeat_interleave(side, 0).repeat_interleave(side, 1)
        tokens = tokens * visible[None, ..., None]
        for place, block in enumerate(net.stages[i]):
            normed = block.norm1(tokens)
            if hasattr(block.attn, 'qkv'):
                branch = looped_windows(block.attn, normed, visible, net.window_sizes[i])
            else:
                branch = looped_subsampling(block.attn, normed, visible)
            tokens = tokens + branch
            tokens = tokens + block.ffn(block.norm2(tokens))
            tokens = tokens * visible[None, ..., None]
            if place == 0:
                proj = net.position_encodings[i].proj
                mixed = F.conv2d(
                    tokens.permute(0, 3, 1, 2),
                    proj.weight,
                    proj.bias,
                    padding=1,
                    groups=proj.groups,
                )
                tokens = (tokens + mixed.permute(0, 2, 3, 1)) * visible[None, ..., None]
        tokens = getattr(net, f'norm_after_stage{i}')(tokens) * visible[None, ..., None]
        stages.append((tokens, visible, side))
        maps = tokens.permute(0, 3, 1, 2)
    return stages


def looped_windows(attn, tokens, visible, window):
    result = torch.zeros_like(tokens)
    q, k, v = attn.qkv(tokens).chunk(3, dim=-1)
    heads, dim = attn.num_heads, tokens.shape[-1]
    for top in range(0, tokens.shape[1], window):
        for left in range(0, tokens.shape[2], window):
            area = (slice(None), slice(top, top + window), slice(left, left + window))
            chosen = visible[area[1:]]
            if chosen.any():
                parts = [
                    x[area][:, chosen].unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v)
                ]
                scores = parts[0] @ parts[1].transpose(-2, -1) / (dim / heads) ** 0.5
                out = (scores.softmax(-1) @ parts[2]).transpose(1, 2).flatten(2)
                full = torch.zeros_like(result[area])
                full[:, chosen] = attn.proj(out)
                result[area] = full
    return result


def looped_subsampling(attn, tokens, visible):
    """Keys of visible units alone; each is the convolution over its own tokens."""
    heads, dim, ratio = attn.num_heads, tokens.shape[-1], attn.ratio
    keys = []
    for top in range(0, tokens.shape[1], ratio):
        for left in range(0, tokens.shape[2], ratio):
            if visible[top, left]:
                square = tokens[:, top : top + ratio, left : left + ratio]
                if ratio == 1:
                    keys.append(square[:, 0, 0])
                else:
                    keys.append(attn.norm(attn.sr(square.permute(0, 3, 1, 2))[:, :, 0, 0]))
    keys = torch.stack(keys, dim=1)
    q = attn.q(tokens).flatten(1, 2).unflatten(-1, (heads, -1)).transpose(1, 2)
    k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in attn.kv(keys).chunk(2, dim=-1))
    weights = (q @ k.transpose(-2, -1) / (dim / heads) ** 0.5).softmax(-1)
    return attn.proj((weights @ v).transpose(1, 2).flatten(2)).view(tokens.shape)


def in_unit_order(tokens, visible, side):
    """(B, V, C) of the reference's map, by sorting coordinates digit by digit."""
    places = visible.nonzero().tolist()

    def order(place):
        row, column = place
        digits, level = [], side // 2
        while level:
            digits.append((row // level % 2, column // level % 2))
            level //= 2
        return row // side, column // side, digits

    places.sort(key=order)
    return torch.stack([tokens[:, row, column] for row, column in places], dim=1)


CASES = [
    ((224, 224), 37),
    ((64, 160), 4),
    ((96, 64), 5),  # one unit visible
    ((64, 96), 0),
    ((32, 32), 0),
]


@pytest.mark.parametrize('kind', HOSTS)
@pytest.mark.parametrize(('size', 'hidden'), CASES)
def test_visible_tokens_and_gradients_equal_the_slow_reference(kind, size, hidden):
    assert_as_the_reference(small(kind), size, hidden)


def test_other_strides_and_ratios():
    sizes = dict(strides=[4, 4, 2, 1], patch_sizes=[4, 4, 2, 1], sr_ratios=[4, 2, 1, 1])
    net = TwinsEncoder(dict(SMALL['svt'], window_sizes=[5, 3, 2, 2], **sizes), out_indices=ALL)
    assert_as_the_reference(randomised(net), (96, 128), 7)


def assert_as_the_reference(net, size, hidden):
    net = net.double()
    images = torch.randn(2, 3, *size, dtype=torch.double)
    masked = torch.randperm(size[0] * size[1] // 1024) < hidden
    ours = net.forward_visible(images, masked)
    theirs = [in_unit_order(*stage) for stage in reference(net, images, masked)]
    for got, expected in zip(ours, theirs, strict=True):
        assert torch.allclose(got, expected, rtol=1e-8, atol=1e-10)
    towards = [torch.randn_like(x) for x in ours]
    ours, theirs = (
        sum((x * t).sum() for x, t in zip(stages, towards, strict=True))
        for stages in (ours, theirs)
    )
    gradients = [torch.autograd.grad(loss, list(net.parameters())) for loss in (ours, theirs)]
    for (name, _), a, b in zip(net.named_parameters(), *gradients, strict=True):
        assert (a - b).norm() <= 1e-8 * b.norm() + 1e-12, name


@pytest.mark.parametrize('kind', HOSTS)
def test_with_nothing_hidden_it_is_mmpretrains_net(kind):
    options = dict(qkv_bias=True, norm_after_stage=[False, False, False, True])
    host = randomised(HOSTS[kind](SMALL[kind], out_indices=ALL, **options))
    net = TwinsEncoder(SMALL[kind], **options).eval()
    net.load_state_dict(host.state_dict())
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        stages = net.forward_visible(images, torch.zeros(49, dtype=torch.bool))
        for stage, expected in enumerate(host(images)):
            side = 8 // 2**stage
            maps = expected.permute(0, 2, 3, 1)
            everything = torch.ones(maps.shape[1:3], dtype=torch.bool)
            assert_same(stages[stage], in_unit_order(maps, everything, side))


@pytest.mark.parametrize('kind', HOSTS)
def test_recomputing_changes_nothing(kind):
    plain = small(kind)
    lean = TwinsEncoder(
        SMALL[kind], qkv_bias=True, norm_after_stage=[False, True, False, True], with_cp=True
    )
    lean.load_state_dict(plain.state_dict())
    images, masked = torch.randn(2, 3, 64, 64), torch.tensor([True, False, False, True])
    for net in (plain, lean):
        net.forward_visible(images, masked)[-1].square().sum().backward()
    for (name, a), b in zip(plain.named_parameters(), lean.parameters(), strict=True):
        if a.grad is not None:
            assert torch.allclose(a.grad, b.grad, rtol=1e-4, atol=1e-6), name


class TestBadInput:
    def test_unknown_arch(self):
        with pytest.raises(ValueError, match="Unknown arch 'svt_huge'; choose from"):
            TwinsEncoder('svt_huge')

    def test_dicts(self):
        with pytest.raises(ValueError, match=r"lacks the keys \['sr_ratios'\]"):
            TwinsEncoder({key: x for key, x in SMALL['svt'].items() if key != 'sr_ratios'})
        with pytest.raises(ValueError, match="'strides'.*must list four stages"):
            TwinsEncoder(dict(SMALL['svt'], strides=[4, 2, 2]))

    def test_norms(self):
        with pytest.raises(ValueError, match='norm_after_stage must be one or four'):
            TwinsEncoder(SMALL['svt'], norm_after_stage=[True, False])

    @pytest.mark.parametrize(
        ('changes', 'sentence'),
        [
            (dict(sr_ratios=[8, 3, 2, 1]), r'sr_ratios\[1\]=3 takes 3x3'),
            (dict(sr_ratios=[8, 4, 4, 1]), r'sr_ratios\[2\]=4 takes 4x4'),
            (
                dict(strides=[4, 4, 4, 2], patch_sizes=[4, 4, 4, 2], sr_ratios=[8, 2, 1, 1]),
                'Stage 2 has tokens of 64 px',
            ),
            (dict(patch_sizes=[7, 2, 2, 2]), 'patches that do not overlap'),
        ],
    )
    def test_units_that_are_not_whole_keys(self, changes, sentence):
        net = TwinsEncoder(dict(SMALL['svt'], **changes))
        with pytest.raises(ValueError, match=sentence):
            net.forward_visible(torch.randn(1, 3, 64, 64), torch.tensor([True, False, True, False]))

    def test_images_and_choices(self):
        net = TwinsEncoder(SMALL['svt'])
        with pytest.raises(ValueError, match='multiples of 32'):
            net.forward_visible(torch.randn(1, 3, 60, 64), torch.ones(4, dtype=torch.bool))
        with pytest.raises(ValueError, match='hides every unit'):
            net.forward_visible(torch.randn(1, 3, 64, 64), torch.ones(4, dtype=torch.bool))
        each = torch.tensor([[True, False, True, False]] * 2)
        with pytest.raises(ValueError, match='one choice of hidden units for the whole batch'):
            net.forward_visible(torch.randn(2, 3, 64, 64), each)
