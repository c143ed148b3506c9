"""Windows and global blocks against timm's encoder of SAM 2."""

import pytest
import timm
import torch
from reference_hiera import (
    ALL_STAGES,
    ARCH,
    assert_same,
    assert_same_gradients,
    randomised,
    sam_2_encoder,
    twice,
    twin,
)

from mmgreen.nets.hiera import HieraEncoder

SAM_2 = dict(window_sizes=(8, 4, 14, 7), global_blocks=(4, 5), pos_embed='abs_win')


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


class TestWindows:
    @pytest.mark.parametrize('size', [(224, 224), (256, 192), (32, 480)])
    def test_maps_and_gradients_are_those_of_sam_2(self, size):
        judge = sam_2_encoder()
        net = twin(judge, out_indices=ALL_STAGES, **SAM_2)
        inputs = twice(2, 3, *size)
        got = net(inputs[0])
        expected = judge.forward_intermediates(inputs[1], intermediates_only=True)
        for ours, theirs in zip(got, expected, strict=True):
            assert_same(ours, theirs)
        assert_same_gradients(net, judge, got, expected, inputs)

    @pytest.mark.parametrize('size', [(1024, 1024), (672, 1024)])
    def test_sizes_of_detection(self, size):
        judge = sam_2_encoder().float()
        net = twin(judge, out_indices=ALL_STAGES, **SAM_2).float()
        images = torch.randn(1, 3, *size)
        with torch.no_grad():
            expected = judge.forward_intermediates(images, intermediates_only=True)
            for ours, theirs in zip(net(images), expected, strict=True):
                assert_same(ours, theirs)

    @pytest.mark.parametrize(
        ('name', 'arch', 'windows', 'blocks', 'grid'),
        [
            ('tiny', 'tiny', (8, 4, 14, 7), (5, 7, 9), 7),
            ('small', 'small', (8, 4, 14, 7), (7, 10, 13), 7),
            ('base_plus', 'base_plus', (8, 4, 14, 7), (12, 16, 20), 14),
            ('large', 'large', (8, 4, 16, 8), (23, 33, 43), 7),
        ],
    )
    def test_the_four_encoders_of_sam_2_have_its_parameters(
        self, name, arch, windows, blocks, grid
    ):
        with torch.device('meta'):
            judge = timm.create_model(f'sam2_hiera_{name}', num_classes=0)
            net = HieraEncoder(
                arch,
                window_sizes=windows,
                global_blocks=blocks,
                pos_embed='abs_win',
                global_pos_size=grid,
            )
        theirs = {
            name: each.shape
            for name, each in judge.named_parameters()
            if not name.startswith('head.')
        }
        assert {name: each.shape for name, each in net.named_parameters()} == theirs
        assert [block.order.window == 0 for block in net.blocks] == [
            not block.is_windowed for block in judge.blocks
        ]

    def test_windows_of_mask_units_are_the_net_without_windows(self):
        plain = randomised(HieraEncoder(ARCH, img_size=(64, 96), out_indices=ALL_STAGES))
        windowed = HieraEncoder(
            ARCH,
            img_size=(64, 96),
            out_indices=ALL_STAGES,
            window_sizes=(8, 4, 1, 1),
            global_blocks=(4, 5, 6, 7),
        )
        windowed = windowed.double().eval()
        windowed.load_state_dict(plain.state_dict())
        images = torch.randn(2, 3, 64, 96).double()
        for ours, theirs in zip(windowed(images), plain(images), strict=True):
            assert_same(ours, theirs)
