"""What every encoder promises, asked of each that the package has."""

import pickle
from math import prod

import pytest
import torch

from mmgreen.models import GreenSwin, GreenTwins, Hiera
from mmgreen.nets.contract import VisibleEncoder
from mmgreen.ops.masking import draw_masked

SIZES = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
TWINS = dict(
    embed_dims=[8] * 4,
    depths=[1] * 4,
    num_heads=[1] * 4,
    patch_sizes=[4, 2, 2, 2],
    strides=[4, 2, 2, 2],
    mlp_ratios=[1] * 4,
    sr_ratios=[8, 4, 2, 1],
)
CASES = {
    'swin': (lambda: GreenSwin(SIZES, drop_path_rate=0.0), (64, 96), None),
    'swin, masks of their own': (lambda: GreenSwin(SIZES, drop_path_rate=0.0), (64, 96), 2),
    'twins': (lambda: GreenTwins(TWINS), (64, 96), None),
    'hiera': (lambda: Hiera(SIZES, img_size=(64, 96)), (64, 96), None),
    'hiera, masks of their own': (lambda: Hiera(SIZES, img_size=(64, 96)), (64, 96), 2),
    'clips': (lambda: Hiera(SIZES, img_size=(4, 64, 96)), (4, 64, 96), 2),
}


@pytest.mark.parametrize('name', CASES)
def test_a_bare_copys_plan_survives_a_process_and_gives_what_forward_visible_gives(name):
    torch.manual_seed(0)
    build, size, num_images = CASES[name]
    net, images = build(), torch.randn(2, 3, *size)
    assert isinstance(net, VisibleEncoder)
    bare = pickle.loads(pickle.dumps(net.without_weights()))
    assert not list(bare.parameters()) and not list(bare.children())
    grid = bare.unit_grid(images)
    assert grid == net.unit_grid(images) == ((2, 2, 3) if len(size) == 3 else (2, 3))
    masked = draw_masked(prod(grid), 0.5, num_images)
    plan = bare.plan_visible(masked, grid)
    with pytest.raises(AttributeError):
        plan.units = None
    plan = pickle.loads(pickle.dumps(plan)).to(torch.device('cpu'))
    for got, expected in zip(
        net.encode_visible(images, plan), net.forward_visible(images, masked), strict=True
    ):
        assert torch.equal(got, expected)
        assert got.shape[1] % int((~masked).sum(-1).max()) == 0
