"""Histograms of gradients: mmpretrain's generator at its one size, a slow count at others."""

import math

import pytest
import torch
from mmpretrain.models.selfsup import HOGGenerator
from skimage.feature import hog

from mmgreen.ops.histograms import histograms_of_gradients


def test_at_224_px_they_are_mmpretrains():
    images = torch.randn(2, 3, 224, 224)
    got = histograms_of_gradients(images).flatten(2).transpose(1, 2)
    assert torch.equal(got, HOGGenerator()(images))


@pytest.mark.parametrize('size', [(16, 16), (48, 32), (32, 80)])
def test_at_other_sizes_a_slow_count_agrees(size):
    torch.manual_seed(0)
    image = torch.randn(1, 2, *size)
    got = histograms_of_gradients(image)[0]
    assert got.shape == (2 * 36, size[0] // 16, size[1] // 16)
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1), mode='reflect')[0].double()
    line = [math.exp(-0.5 * ((i - 7.5) / 8) ** 2) for i in range(16)]
    total = sum(line) ** 2
    counts = torch.zeros(2, size[0] // 8, size[1] // 8, 9, dtype=torch.double)
    for c in range(2):
        for y in range(size[0]):
            for x in range(size[1]):
                p = padded[c, y : y + 3, x : x + 3]
                first = p[0, 0] + 2 * p[1, 0] + p[2, 0] - p[0, 2] - 2 * p[1, 2] - p[2, 2]
                second = p[0, 0] + 2 * p[0, 1] + p[0, 2] - p[2, 0] - 2 * p[2, 1] - p[2, 2]
                place = math.floor(math.atan2(first, second) / math.pi * 9) % 9
                weight = line[y % 16] * line[x % 16] / total
                counts[c, y // 8, x // 8, place] += math.hypot(first, second) * weight
    counts = counts / counts.norm(dim=-1, keepdim=True)
    # (C, 9, rows, 2, columns, 2) by patch: colour, direction, row and column of the cell.
    cells = counts.permute(0, 3, 1, 2).unflatten(3, (-1, 2)).unflatten(2, (-1, 2))
    expected = cells.permute(0, 1, 3, 5, 2, 4).flatten(0, 3)
    assert torch.allclose(got.double(), expected, atol=1e-4)


def test_the_direction_of_an_edge_is_skimages():
    # One slanted ramp: all gradients point the same way, so each histogram has one direction.
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing='ij')
    for angle in (15.0, 55.0, 95.0, 135.0):
        turn = math.radians(angle)
        ramp = columns * math.cos(turn) + rows * math.sin(turn)
        ours = histograms_of_gradients(ramp[None, None]).unflatten(1, (9, 4))
        theirs = hog(
            ramp.numpy(),
            orientations=9,
            pixels_per_cell=(8, 8),
            cells_per_block=(1, 1),
            feature_vector=False,
        )
        # Cells inside, which see no border. Ours are of 20 degrees each from the vertical on, over
        # the half circle; skimage's from the horizontal on.
        inner = int(ours[0, :, 3, 0, 0].argmax())
        judged = int(theirs[1, 1, 0, 0].argmax())
        assert inner == math.floor((270 - angle) % 180 / 20)
        assert judged == math.floor(angle / 20)


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match='multiples of 16 pixels, not 24x32'):
        histograms_of_gradients(torch.zeros(1, 3, 24, 32))
