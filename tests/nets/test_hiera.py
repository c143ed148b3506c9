"""Against the official package: images, clips, masked ones.

In float64: which of four queries is the greatest decides about gradients, and in float32 rounding
decides between two that are nearly alike. One test has float32.
"""

import hiera
import pytest
import torch
from hiera.hiera_mae import MaskedAutoencoderHiera
from reference_hiera import (
    ALL_STAGES,
    ARCH,
    CLIPS,
    OFFICIAL,
    assert_same,
    assert_same_gradients,
    randomised,
    twice,
    twin,
)

from mmgreen.nets.hiera import HIERA_ARCHS, HieraEncoder


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


class TestWholeImages:
    @pytest.mark.parametrize('size', [(64, 64), (224, 224), (64, 160)])
    @pytest.mark.parametrize('q_pool', [2, 3])
    def test_maps_and_gradients_are_the_originals(self, size, q_pool):
        judge = randomised(hiera.Hiera(input_size=size, q_pool=q_pool, **OFFICIAL))
        net = twin(judge, img_size=size, q_pool=q_pool, out_indices=ALL_STAGES)
        inputs = twice(2, 3, *size)
        got = net(inputs[0])
        _, maps = judge(inputs[1], return_intermediates=True)
        expected = [each.permute(0, 3, 1, 2) for each in maps]
        for ours, theirs in zip(got, expected, strict=True):
            assert_same(ours, theirs)
        assert_same_gradients(net, judge, got, expected, inputs)

    @pytest.mark.parametrize('arch', ['tiny', 'small', 'base', 'base_plus', 'large'])
    def test_every_arch_in_float32(self, arch):
        self.assert_same_in_float32(getattr(hiera, f'hiera_{arch}_224')(), arch)

    def test_the_widths_of_the_largest_in_float32(self):
        sizes = dict(embed_dim=256, num_heads=4, stages=(1, 1, 2, 1))
        arch = dict(embed_dims=256, depths=[1, 1, 2, 1], num_heads=[4, 8, 16, 32])
        self.assert_same_in_float32(hiera.Hiera(**sizes), arch)

    def assert_same_in_float32(self, judge, arch):
        judge = judge.eval()
        net = HieraEncoder(arch, out_indices=ALL_STAGES).eval()
        names = net.state_dict()
        net.load_state_dict({name: x for name, x in judge.state_dict().items() if name in names})
        images = torch.randn(1, 3, 224, 224)
        with torch.no_grad():
            _, maps = judge(images, return_intermediates=True)
            for ours, theirs in zip(net(images), maps, strict=True):
                assert_same(ours, theirs.permute(0, 3, 1, 2))

    def test_clips_are_the_originals(self):
        judge = randomised(hiera.Hiera(input_size=(4, 64, 96), **CLIPS, **OFFICIAL))
        net = twin(judge, img_size=(4, 64, 96), out_indices=ALL_STAGES)
        inputs = twice(2, 3, 4, 64, 96)
        got = net(inputs[0])
        _, maps = judge(inputs[1], return_intermediates=True)
        expected = [each.permute(0, 4, 1, 2, 3) for each in maps]
        for ours, theirs in zip(got, expected, strict=True):
            assert_same(ours, theirs)
        assert_same_gradients(net, judge, got, expected, inputs)

    @pytest.mark.parametrize('size', [(33, 47), (100, 224), (32, 32)])
    def test_other_sizes_are_padded_and_cut(self, size):
        net = randomised(HieraEncoder(ARCH, img_size=64, out_indices=ALL_STAGES))
        images = torch.randn(1, 3, *size).double()
        height, width = (-(-side // 32) * 32 for side in size)
        padded = torch.zeros(1, 3, height, width).double()
        padded[..., : size[0], : size[1]] = images
        for stride, ours, whole in zip((4, 8, 16, 32), net(images), net(padded), strict=True):
            rows, columns = -(-size[0] // stride), -(-size[1] // stride)
            assert torch.equal(ours, whole[..., :rows, :columns])

    @pytest.mark.parametrize('arch', HIERA_ARCHS)
    def test_every_arch_has_the_originals_parameters(self, arch, without_values):
        judge = getattr(hiera, f'hiera_{arch}_224')()
        with torch.device('meta'):
            net = HieraEncoder(arch)
        theirs = {
            name: each.shape
            for name, each in judge.named_parameters()
            if not name.startswith(('norm.', 'head.'))
        }
        assert {name: each.shape for name, each in net.named_parameters()} == theirs

    @pytest.mark.parametrize('arch', ['base', 'base_plus', 'large', 'huge'])
    def test_every_video_arch_has_the_originals_parameters(self, arch, without_values):
        judge = getattr(hiera, f'hiera_{arch}_16x224')()
        with torch.device('meta'):
            net = HieraEncoder(arch, img_size=(16, 224, 224))
        theirs = {
            name: each.shape
            for name, each in judge.named_parameters()
            if not name.startswith(('norm.', 'head.'))
        }
        assert {name: each.shape for name, each in net.named_parameters()} == theirs


class TestVisible:
    @staticmethod
    def choice(batch, units, hidden):
        rows = [torch.randperm(units) < hidden for _ in range(batch)]
        return torch.stack(rows)

    def stages_of(self, judge, images, masked, grid):
        """Official stages as (B, V, C) in our unit order, from its maps of visible units."""
        _, maps = hiera.Hiera.forward(judge, images, ~masked, return_intermediates=True)
        stages = []
        for each in maps:  # (B, V, [1,] side, side, C)
            side, channels = each.shape[-2], each.shape[-1]
            flat = each.reshape(len(each), -1, side, side, channels)
            rows, columns = z_order_of(side)
            stages.append(flat[:, :, rows, columns].flatten(1, 2))
        return stages

    @pytest.mark.parametrize('q_pool', [2, 3])
    @pytest.mark.parametrize('hidden', [0, 3, 7])
    def test_stages_and_gradients_are_the_originals(self, q_pool, hidden):
        judge = randomised(
            MaskedAutoencoderHiera(
                input_size=(64, 128), q_pool=q_pool, decoder_embed_dim=32, **OFFICIAL
            )
        )
        net = twin(judge, img_size=(64, 128), q_pool=q_pool)
        masked = self.choice(2, 8, hidden)
        inputs = twice(2, 3, 64, 128)
        got = net.forward_visible(inputs[0], masked)
        expected = self.stages_of(judge, inputs[1], masked, (2, 4))
        for ours, theirs in zip(got, expected, strict=True):
            assert_same(ours, theirs)
        assert_same_gradients(net, judge, got, expected, inputs)

    def test_clips_are_the_originals(self):
        judge = randomised(
            MaskedAutoencoderHiera(
                input_size=(4, 64, 96), q_pool=2, decoder_embed_dim=32, **CLIPS, **OFFICIAL
            )
        )
        net = twin(judge, img_size=(4, 64, 96), q_pool=2)
        masked = self.choice(2, 12, 7)
        inputs = twice(2, 3, 4, 64, 96)
        got = net.forward_visible(inputs[0], masked)
        expected = self.stages_of(judge, inputs[1], masked, (2, 2, 3))
        for ours, theirs in zip(got, expected, strict=True):
            assert_same(ours, theirs)
        assert_same_gradients(net, judge, got, expected, inputs)

    def test_one_choice_serves_the_batch(self):
        net = randomised(HieraEncoder(ARCH, img_size=64))
        images, masked = (
            torch.randn(3, 3, 64, 64).double(),
            torch.tensor([True, False, False, True]),
        )
        shared = net.forward_visible(images, masked)
        each = net.forward_visible(images, masked.expand(3, -1))
        assert all(map(torch.equal, shared, each))

    def test_what_is_hidden_changes_nothing(self):
        net = randomised(HieraEncoder(ARCH, img_size=64))
        images, masked = (
            torch.randn(1, 3, 64, 64).double(),
            torch.tensor([True, False, False, True]),
        )
        before = net.forward_visible(images, masked)
        images[:, :, :32, :32] = torch.nan_to_num(torch.randn(3, 32, 32) * 100)
        assert all(map(torch.equal, before, net.forward_visible(images, masked)))

    def test_recomputing_changes_nothing(self):
        plain = randomised(HieraEncoder(ARCH, img_size=64)).train()
        recomputed = HieraEncoder(ARCH, img_size=64, with_cp=True).double().train()
        recomputed.load_state_dict(plain.state_dict())
        images, masked = (
            torch.randn(1, 3, 64, 64).double(),
            torch.tensor([True, False, False, True]),
        )
        for net in (plain, recomputed):
            sum(each.square().sum() for each in net.forward_visible(images, masked)).backward()
        for a, b in zip(plain.parameters(), recomputed.parameters(), strict=True):
            assert torch.allclose(a.grad, b.grad, rtol=1e-5, atol=1e-5 * a.grad.abs().max())


def z_order_of(side):
    """Rows and columns of a square's places in Z-order, from the definition, digit by digit."""
    rows, columns = [], []
    for index in range(side * side):
        row = column = 0
        digit = side * side // 4
        while digit:
            row, column = 2 * row + index // digit % 4 // 2, 2 * column + index // digit % 4 % 2
            digit //= 4
        rows.append(row)
        columns.append(column)
    return torch.tensor(rows), torch.tensor(columns)


class TestPositions:
    def test_modes_differ_only_away_from_the_pretraining_size(self):
        images = {64: torch.randn(1, 3, 64, 64), 96: torch.randn(1, 3, 96, 96)}
        nets = {mode: HieraEncoder(ARCH, img_size=64, pos_embed=mode) for mode in modes()}
        for pair in (('interpolate', 'tile'), ('abs_win', 'abs_win_paper')):
            a, b = (nets[mode].eval() for mode in pair)
            b.load_state_dict(a.state_dict())
            assert_same(a(images[64])[0], b(images[64])[0])
            assert not torch.allclose(a(images[96])[0], b(images[96])[0], atol=1e-3)

    def test_tiles_repeat(self):
        net = HieraEncoder(ARCH, img_size=32, pos_embed='tile')
        table = net._positions((16, 24))
        own = net.pos_embed.transpose(1, 2).unflatten(2, (8, 8))
        for row, column in ((0, 0), (8, 16)):
            assert torch.equal(table[..., row : row + 8, column : column + 8], own)

    def test_the_papers_abs_win_repeats_the_whole_sum(self):
        net = HieraEncoder(ARCH, img_size=64, pos_embed='abs_win_paper')
        table = net._positions((24, 40))
        assert torch.equal(table[..., 16:24, 32:40], table[..., :8, :8])
        assert not torch.equal(table[..., :8, 8:16], table[..., :8, :8])


def modes():
    return ('interpolate', 'tile', 'abs_win', 'abs_win_paper')


class TestBadInput:
    @pytest.mark.parametrize(
        ('options', 'sentence'),
        [
            (dict(arch='enormous'), "Unknown arch 'enormous'"),
            (dict(img_size=100), r'img_size must be multiples of \(32, 32\), not \(100, 100\)'),
            (dict(img_size=(3, 64, 64)), r'multiples of \(2, 32, 32\)'),
            (dict(img_size=(64,)), 'img_size is a number'),
            (dict(q_pool=4), 'q_pool must be 0 to 3, not 4'),
            (dict(pos_embed='wave'), "pos_embed must be one of .* not 'wave'"),
            (dict(img_size=(4, 64, 64), pos_embed='tile'), "Clips have pos_embed='interpolate'"),
            (dict(global_blocks=(3,)), 'global_blocks needs window_sizes'),
            (dict(window_sizes=(8, 4, 14)), 'window_sizes must be four sizes'),
            (dict(window_sizes=(8, 4, 14, 0)), 'window_sizes must be four sizes'),
            (dict(window_sizes=(8, 4, 7, 7)), r'window_sizes\[2\]=7 is odd'),
            (
                dict(window_sizes=(8, 4, 14, 7), global_blocks=(8,)),
                'global_blocks names block 8, but the net has the blocks 0 to 7',
            ),
            (dict(img_size=(4, 64, 64), window_sizes=(8, 4, 14, 7)), 'Clips are not cut'),
        ],
    )
    def test_arguments(self, options, sentence):
        with pytest.raises(ValueError, match=sentence):
            HieraEncoder(**{'arch': ARCH, **options})

    def test_images(self):
        net, masked = HieraEncoder(ARCH, img_size=64), torch.tensor([True, False, False, True])
        with pytest.raises(ValueError, match='multiples of 32'):
            net.forward_visible(torch.randn(1, 3, 64, 72), masked)
        with pytest.raises(ValueError, match=r'this net takes images \(B, C, H, W\)'):
            net(torch.randn(1, 3, 4, 64, 64))
        unequal = torch.tensor([[True, False, False, True], [True, False, False, False]])
        with pytest.raises(ValueError, match='unequal numbers'):
            net.forward_visible(torch.randn(2, 3, 64, 64), unequal)
        windowed = HieraEncoder(ARCH, window_sizes=(8, 4, 14, 7))
        with pytest.raises(ValueError, match='without window_sizes'):
            windowed.forward_visible(torch.randn(1, 3, 64, 64), masked)

    def test_clips(self):
        net = HieraEncoder(ARCH, img_size=(4, 64, 64))
        with pytest.raises(ValueError, match='Clips of 6 frames: this net was built for 4'):
            net(torch.randn(1, 3, 6, 64, 64))
        with pytest.raises(ValueError, match='this net takes clips'):
            net(torch.randn(1, 3, 64, 64))
