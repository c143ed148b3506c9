import pytest
import torch
from reference_swin import swin_reference

from mmgreen.nets.layers import read_arch
from mmgreen.nets.swin import SWIN_ARCHS, SwinEncoder
from mmgreen.ops.layout import unroll
from mmgreen.ops.masking import draw_masked

SMALL = dict(embed_dims=16, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8])


def small_net(seed=0, **options):
    """A net whose weights are large enough for attention and biases to matter."""
    torch.manual_seed(seed)
    net = SwinEncoder(**{'arch': SMALL, 'drop_path_rate': 0.0, **options})
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return net


def only_visible(grid, *units):
    masked = torch.ones(grid[0] * grid[1], dtype=torch.bool)
    masked[list(units)] = False
    return masked


def relative_error(got, expected):
    """Largest difference over largest value; a gradient may be nothing but rounding around 0."""
    got, expected = got.detach(), expected.detach()
    return float((got - expected).abs().max() / expected.abs().max().clamp(min=1e-3))


CASES = {
    'square': ((224, 224), 7, None),
    'not square': ((96, 160), 7, None),
    'window larger than the map': ((64, 96), 14, None),
    'window 14': ((224, 224), 14, None),
    'window 4, no multiple of anything': ((96, 128), 4, None),
    'one unit visible': ((96, 160), 7, [8]),
    'all visible': ((96, 160), 7, range(15)),
    'a single unit': ((32, 32), 7, [0]),
    'a row of units': ((32, 224), 7, [0, 1, 5]),
}


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('batch', [1, 2])
def test_forward_visible_equals_the_reference(case, batch):
    size, window, units = CASES[case]
    grid = (size[0] // 32, size[1] // 32)
    net = small_net(window_size=window)
    images = torch.randn(batch, 3, *size, requires_grad=True)
    masked = draw_masked(grid[0] * grid[1], 0.75) if units is None else only_visible(grid, *units)
    weights = {name: value.detach().clone() for name, value in net.state_dict().items()}
    names = [name for name, _ in net.named_parameters()]
    for name in names:
        weights[name].requires_grad_()
    twin = images.detach().clone().requires_grad_()

    got = net.forward_visible(images, masked)
    expected = []
    for i, (maps, visible) in enumerate(
        swin_reference(
            weights,
            twin,
            masked,
            depths=SMALL['depths'],
            num_heads=SMALL['num_heads'],
            window_size=window,
            eps=1e-5,
        )
    ):
        side = 8 >> i
        in_unit_order = unroll(maps.permute(0, 3, 1, 2), side)[:, ~masked].flatten(1, 2)
        assert int(visible.sum()) == in_unit_order.shape[1]
        expected.append(in_unit_order)
    for stage, reference in zip(got, expected):
        assert stage.shape == reference.shape
        assert relative_error(stage, reference) < 1e-5

    seeds = [torch.randn_like(stage) for stage in got]
    torch.autograd.backward(got, seeds)
    torch.autograd.backward(expected, seeds)
    assert relative_error(images.grad, twin.grad) < 1e-4
    for name, parameter in net.named_parameters():
        assert relative_error(parameter.grad, weights[name].grad) < 1e-4, name


IMAGE_CASES = {
    'square': ((224, 224), 7, None),
    'not square': ((96, 160), 7, None),
    'window 14': ((224, 224), 14, None),
    'window larger than the map': ((64, 96), 14, None),
    'one unit visible': ((96, 160), 7, [[8], [0], [14]]),
    'all visible': ((64, 96), 7, [range(6)] * 3),
    'a batch of one': ((96, 96), 7, [[2, 4]]),
}


@pytest.mark.parametrize('case', IMAGE_CASES)
def test_a_mask_for_each_image_gives_what_each_image_alone_gives(case):
    size, window, units = IMAGE_CASES[case]
    grid = (size[0] // 32, size[1] // 32)
    net = small_net(window_size=window)
    if units is None:
        masked = draw_masked(grid[0] * grid[1], 0.75, 3)
    else:
        masked = torch.stack([only_visible(grid, *each) for each in units])
    images = torch.randn(len(masked), 3, *size, requires_grad=True)
    twins = images.detach().clone().requires_grad_()

    together = net.forward_visible(images, masked)
    seeds = [torch.randn_like(stage) for stage in together]
    torch.autograd.backward(together, seeds)
    gradients = [parameter.grad for parameter in net.parameters()]
    net.zero_grad()
    for i, row in enumerate(masked):
        alone = net.forward_visible(twins[i : i + 1], row)
        torch.autograd.backward(alone, [seed[i : i + 1] for seed in seeds])
        for got, expected in zip(together, alone):
            assert relative_error(got[i : i + 1], expected) < 1e-5
    assert relative_error(images.grad, twins.grad) < 1e-4
    for (name, parameter), gradient in zip(net.named_parameters(), gradients):
        assert relative_error(gradient, parameter.grad) < 1e-4, name


def test_a_mask_for_each_image_packs_windows_of_the_whole_batch():
    masked = draw_masked(49, 0.75, 8)
    for i, plans in enumerate(small_net().plan_visible(masked, (7, 7)).stages):
        tokens = 12 * 4 ** (3 - i)
        for plan in plans:
            assert len(plan.back) == 8 * tokens
            image = (plan.take // tokens).where(plan.real, -1)
            mixed = [len(set(row.tolist()) - {-1}) > 1 for row in image]
            # Units of the last stage fill its one window alike in every image.
            assert any(mixed) == (i < 3)


@pytest.mark.parametrize(('size', 'window'), [((224, 224), 7), ((448, 224), 7), ((256, 512), 8)])
def test_with_nothing_hidden_it_is_the_dense_forward_reordered(size, window):
    net = small_net(window_size=window, out_indices=(0, 1, 2, 3)).eval()
    for i in range(3):  # stages before the last come without a norm
        setattr(net, f'norm{i}', torch.nn.Identity())
    images = torch.randn(1, 3, *size)
    masked = torch.zeros(size[0] * size[1] // 32**2, dtype=torch.bool)
    with torch.no_grad():
        for i, (dense, visible) in enumerate(zip(net(images), net.forward_visible(images, masked))):
            assert relative_error(visible, unroll(dense, 8 >> i).flatten(1, 2)) < 1e-5


def test_hidden_pixels_never_matter_and_visible_ones_do():
    net = small_net().eval()
    images = torch.randn(1, 3, 96, 96)
    masked = only_visible((3, 3), 4, 5)
    with torch.no_grad():
        before = net.forward_visible(images, masked)
        images[:, :, :32] = 1e6
        unchanged = net.forward_visible(images, masked)
        images[:, :, 40, 40] += 1
        changed = net.forward_visible(images, masked)
    assert all(torch.equal(a, b) for a, b in zip(before, unchanged))
    assert not any(torch.equal(a, b) for a, b in zip(before, changed))


@pytest.mark.parametrize('size', [(224, 224), (200, 333), (33, 47), (1, 1), (32, 500)])
@pytest.mark.parametrize('pad_small_map', [False, True])
def test_forward_takes_any_size(size, pad_small_map):
    net = small_net(out_indices=(0, 1, 2, 3), pad_small_map=pad_small_map).eval()
    with torch.no_grad():
        maps = net(torch.randn(1, 3, *size))
    for i, stage in enumerate(maps):
        stride = 4 << i
        assert stage.shape == (1, 16 << i, -(-size[0] // stride), -(-size[1] // stride))
        assert stage.isfinite().all()
    assert net.out_channels == (16, 32, 64, 128)


def test_five_channels():
    net = small_net(in_channels=5).eval()
    images = torch.randn(2, 5, 64, 64)
    assert net(images)[0].shape == (2, 128, 2, 2)
    assert net.forward_visible(images, only_visible((2, 2), 3))[3].shape == (2, 1, 128)


def test_with_cp_changes_no_gradient():
    masked = only_visible((2, 3), 0, 4)
    gradients = []
    for with_cp in (False, True):
        net = small_net(with_cp=with_cp)
        torch.manual_seed(1)
        images = torch.randn(2, 3, 64, 96)
        net.forward_visible(images, masked)[3].square().sum().backward()
        net(images)[0].square().sum().backward()
        gradients.append([p.grad for p in net.parameters()])
    assert all(torch.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(*gradients))


def test_drop_path_drops_in_training_only():
    net = small_net(drop_path_rate=0.9)
    images, masked = torch.randn(2, 3, 64, 64), only_visible((2, 2), 1)
    torch.manual_seed(0)
    first = net.forward_visible(images, masked)[3]
    assert not torch.allclose(first, net.forward_visible(images, masked)[3])
    net.eval()
    assert torch.equal(
        net.forward_visible(images, masked)[3], net.forward_visible(images, masked)[3]
    )


def test_bf16_autocast_is_near_float32():
    net = small_net().eval()
    images, masked = torch.randn(2, 3, 96, 96), only_visible((3, 3), 0, 4, 7)
    with torch.no_grad():
        exact = net.forward_visible(images, masked)[3]
        with torch.autocast('cpu', torch.bfloat16):
            rough = net.forward_visible(images, masked)[3]
    assert relative_error(rough.float(), exact) < 0.1


@pytest.mark.parametrize('num_images', [None, 2])
def test_compiling_makes_few_graphs_over_many_masks(num_images):
    graphs = []

    def count(module, inputs):
        graphs.append(module)
        return module.forward

    torch._dynamo.reset()
    # Five plans, not seven as with windows of 7: tracing those takes half as long again, and the
    # windows of one stage, plain and shifted, differ from mask to mask just the same.
    net = small_net(arch=dict(SMALL, depths=[2, 1, 1, 1]), window_size=28).eval()
    encode = torch.compile(net.encode_visible, backend=count, fullgraph=True, dynamic=True)
    images = torch.randn(num_images or 1, 3, 224, 224)
    with torch.no_grad():
        for seed in range(8):
            torch.manual_seed(seed)
            plan = net.plan_visible(draw_masked(49, 0.75, num_images), (7, 7))
            for got, expected in zip(encode(images, plan), net.encode_visible(images, plan)):
                assert relative_error(got, expected) < 1e-5
    assert len(graphs) <= 3


def test_a_net_built_under_another_default_device_still_plans_on_the_cpu():
    with torch.device('meta'):
        net = SwinEncoder(SMALL)
    plan = net.plan_visible(only_visible((2, 3), 0, 4), (2, 3))
    assert [len(plans) for plans in plan.stages] == [2, 2, 1, 1]
    assert plan.stages[0][0].take.device.type == 'cpu'


def test_archs_are_swins():
    assert read_arch('base', SWIN_ARCHS) == SWIN_ARCHS['base']
    counts = {'tiny': 27.52, 'small': 48.84, 'base': 86.74, 'large': 194.99}
    for arch, millions in counts.items():
        with torch.device('meta'):
            net = SwinEncoder(arch)
        assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


@pytest.mark.parametrize(
    ('arch', 'message'),
    [
        ('enormous', "Unknown arch 'enormous'"),
        (dict(embed_dims=16, depths=[2, 2, 2, 2]), r"lacks the keys \['num_heads'\]"),
        (dict(SMALL, windows=7), r"unknown keys \['windows'\]"),
        (dict(SMALL, depths=[2, 2]), 'four stages'),
    ],
)
def test_unknown_archs_are_refused(arch, message):
    with pytest.raises(ValueError, match=message):
        SwinEncoder(arch)


def test_bad_inputs_of_forward_visible_are_refused():
    net = small_net()
    masked = only_visible((2, 2), 0)
    with pytest.raises(ValueError, match='multiples of 32'):
        net.forward_visible(torch.randn(1, 3, 65, 64), masked)
    with pytest.raises(ValueError, match='every unit'):
        net.forward_visible(torch.randn(1, 3, 64, 64), torch.ones(4, dtype=torch.bool))
    with pytest.raises(ValueError, match='out_indices must contain 3'):
        small_net(out_indices=(0,)).forward_visible(torch.randn(1, 3, 64, 64), masked)


@pytest.mark.parametrize('size', [(64, 64), (96, 160), (160, 160), (224, 320), (256, 32)])
@pytest.mark.parametrize('window', [7, 4])
def test_with_masked_padding_whole_images_are_images_with_everything_visible(size, window):
    net = small_net(window_size=window, mask_padding=True)
    images, twin = (torch.randn(2, 3, *size).requires_grad_() for _ in range(2))
    twin.data.copy_(images.data)
    grid = net.unit_grid(images)
    dense = net(images)[-1]
    visible = net.forward_visible(twin, torch.zeros(grid[0] * grid[1], dtype=torch.bool))[-1]
    assert relative_error(visible, unroll(dense, 1).flatten(1, 2)) < 1e-5
    weights = torch.randn_like(dense)
    (dense * weights).sum().backward()
    (visible * unroll(weights, 1).flatten(1, 2)).sum().backward()
    assert relative_error(twin.grad, images.grad) < 1e-4


def test_padding_is_a_key_unless_it_is_masked():
    images = torch.randn(1, 3, 160, 160)
    original, masked = (small_net(mask_padding=each)(images)[0] for each in (False, True))
    assert relative_error(masked, original) > 0.01
    whole = torch.randn(1, 3, 224, 224)  # 7 x 7 units: no stage is padded
    original, masked = (small_net(mask_padding=each)(whole)[0] for each in (False, True))
    assert torch.equal(masked, original)
