"""The sizes of a small Hiera, and how ours is compared with the original, for several tests."""

import torch
from timm.models.hieradet_sam2 import HieraDet

from mmgreen.nets.hiera import HieraEncoder

ARCH = dict(embed_dims=16, depths=[1, 2, 3, 2], num_heads=[1, 2, 4, 8])
OFFICIAL = dict(embed_dim=16, num_heads=1, stages=(1, 2, 3, 2))
# What the official net needs for clips, beside the frames in its input_size.
CLIPS = dict(
    q_stride=(1, 2, 2),
    mask_unit_size=(1, 8, 8),
    patch_kernel=(3, 7, 7),
    patch_stride=(2, 4, 4),
    patch_padding=(1, 3, 3),
    sep_pos_embed=True,
)
ALL_STAGES = (0, 1, 2, 3)


def randomised(net):
    """The net in evaluation mode and float64, no two parameters alike and none zero."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.1)
    return net.double().eval()


def sam_2_encoder():
    """timm's encoder of SAM 2, of our small sizes."""
    return randomised(
        HieraDet(
            embed_dim=16,
            num_heads=1,
            stages=(1, 2, 3, 2),
            window_spec=(8, 4, 14, 7),
            global_att_blocks=(4, 5),
            num_classes=0,
        )
    )


def twin(judge, **options):
    """Our net with the judge's weights; every one of ours has to be there."""
    net = HieraEncoder(**{'arch': ARCH, **options}).double().eval()
    names = net.state_dict()
    net.load_state_dict({name: x for name, x in judge.state_dict().items() if name in names})
    return net


def assert_same(got, expected):
    assert got.shape == expected.shape
    tolerance = 1e-4 if got.dtype == torch.float32 else 1e-9
    assert (got - expected).abs().max() <= tolerance * expected.abs().max()


def assert_same_gradients(net, judge, got, expected, inputs):
    """Of random weighted sums of all maps, with respect to parameters and to both inputs."""
    seeds = [torch.randn_like(each) for each in expected]
    torch.autograd.backward(got, seeds)
    torch.autograd.backward(expected, seeds)
    assert_same(inputs[0].grad, inputs[1].grad)
    theirs = dict(judge.named_parameters())
    for name, parameter in net.named_parameters():
        tolerance = 1e-9 * theirs[name].grad.abs().max().clamp(min=1e-3)
        assert (parameter.grad - theirs[name].grad).abs().max() <= tolerance, name


def twice(*shape):
    """The same random images as two leaves."""
    images = torch.randn(shape, dtype=torch.float64)
    return images.clone().requires_grad_(), images.requires_grad_()
