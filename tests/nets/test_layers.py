import pytest
import torch
from torch import nn

from mmgreen.errors import InputError
from mmgreen.nets.decoder import MaskedDecoder
from mmgreen.nets.hiera import HIERA_ARCHS, HieraEncoder
from mmgreen.nets.layers import (
    DropPath,
    Mlp,
    drop_path_rates,
    read_out_indices,
    reset_transformer_weights,
)
from mmgreen.nets.swin import SWIN_ARCHS, SwinEncoder
from mmgreen.nets.twins import PCPVT_ARCHS, SVT_ARCHS, TwinsEncoder


def test_drop_path_keeps_the_mean_and_drops_whole_images():
    torch.manual_seed(0)
    branch = torch.ones(4000, 3, 2)
    out = DropPath(0.25)(branch)
    per_image = out.flatten(1)
    assert (per_image == per_image[:, :1]).all()
    assert abs(float(out.mean()) - 1) < 0.05
    assert torch.allclose(per_image[:, 0].unique(), torch.tensor([0.0, 1 / 0.75]))


def test_drop_path_is_silent_in_evaluation_and_at_rate_zero():
    branch = torch.randn(4, 3)
    assert DropPath(0.5).eval()(branch) is branch
    assert DropPath(0.0)(branch) is branch


def test_mlp_is_linear_gelu_linear():
    mlp = Mlp(3, 5)
    tokens = torch.randn(2, 4, 3)
    assert torch.allclose(mlp(tokens), mlp.fc2(nn.functional.gelu(mlp.fc1(tokens))))


def test_reset_gives_maes_initialisation():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 100, 4), nn.Linear(300, 500), nn.LayerNorm(300))
    reset_transformer_weights(net)
    for layer, fan_in, fan_out in ((net[0], 48, 100), (net[1], 300, 500)):
        expected = (2 / (fan_in + fan_out)) ** 0.5
        assert abs(layer.weight.std().item() / expected - 1) < 0.05
    assert net[0].bias.any() and not net[1].bias.any()
    assert not net[2].bias.any() and (net[2].weight == 1).all()


@pytest.mark.parametrize(
    'net',
    [
        lambda: SwinEncoder(SWIN_ARCHS['tiny'] | dict(depths=[1, 1, 1, 1])),
        lambda: TwinsEncoder(SVT_ARCHS['svt_small'] | dict(depths=[1, 1, 1, 1])),
        lambda: TwinsEncoder(PCPVT_ARCHS['pcpvt_small'] | dict(depths=[1, 1, 1, 1])),
        lambda: HieraEncoder(HIERA_ARCHS['tiny'] | dict(depths=[1, 1, 1, 1])),
    ],
    ids=['swin', 'svt', 'pcpvt', 'hiera'],
)
def test_padding_of_a_batch_does_not_blow_up_the_first_gradient(net):
    torch.manual_seed(0)
    net = net()
    images = torch.randn(1, 3, 224, 224)
    images[:, :, 160:] = 0
    sum((out * torch.randn_like(out)).mean() for out in net(images)).backward()
    assert max(p.grad.norm().item() for p in net.parameters() if p.grad is not None) < 10


HEADS = {
    'decoder': lambda heads: MaskedDecoder(96, embed_dim=64, num_heads=heads),
    'swin': lambda heads: SwinEncoder(SWIN_ARCHS['tiny'] | dict(num_heads=[heads] * 4)),
    'hiera': lambda heads: HieraEncoder(HIERA_ARCHS['tiny'] | dict(num_heads=[heads] * 4)),
    'svt': lambda heads: TwinsEncoder(SVT_ARCHS['svt_small'] | dict(num_heads=[heads] * 4)),
    'pcpvt': lambda heads: TwinsEncoder(PCPVT_ARCHS['pcpvt_small'] | dict(num_heads=[heads] * 4)),
}


@pytest.mark.parametrize('net', HEADS)
@pytest.mark.parametrize('heads', [7, 0, -2, 2.0, '4'])
def test_heads_that_do_not_divide_a_token_are_refused_by_every_net(net, heads):
    with pytest.raises(InputError, match=f'num_heads={heads!r} does not divide'):
        HEADS[net](heads)


@pytest.mark.parametrize('rate', [-0.1, 1, 2.0, float('nan'), '0.1'])
def test_rates_of_dropped_blocks_that_are_none(rate):
    with pytest.raises(InputError, match=f'drop_path_rate must be .* not {rate!r}'):
        drop_path_rates(rate, 4)
    assert drop_path_rates(0.3, 4) == pytest.approx([0, 0.1, 0.2, 0.3])


def test_a_decoder_of_fewer_than_no_blocks():
    with pytest.raises(InputError, match='depth=-1'):
        MaskedDecoder(96, embed_dim=64, num_heads=4, depth=-1)


@pytest.mark.parametrize('wrong', [4, (4,), (-1,), (0, 0), ('3',), None])
@pytest.mark.parametrize('net', [SwinEncoder, HieraEncoder, TwinsEncoder])
def test_stages_that_there_are_not_are_refused(net, wrong):
    with pytest.raises(InputError, match='out_indices must list stages from 0 to 3'):
        net(out_indices=wrong)


def test_stages_may_come_as_a_list():
    assert read_out_indices([0, 2]) == (0, 2)
