import pytest
import torch

from mmgreen.ops.layout import (
    coarser_coords,
    cut_patches,
    cut_windows,
    film_strip,
    paste_patches,
    paste_windows,
    reroll,
    unit_coords,
    unroll,
    z_order,
)


def test_z_order_is_written_out():
    places = [tuple(place) for place in z_order(4).tolist()]
    assert places == [
        (0, 0), (0, 1), (1, 0), (1, 1),
        (0, 2), (0, 3), (1, 2), (1, 3),
        (2, 0), (2, 1), (3, 0), (3, 1),
        (2, 2), (2, 3), (3, 2), (3, 3),
    ]  # fmt: skip


@pytest.mark.parametrize('side', [1, 2, 4, 8])
def test_reroll_undoes_unroll_on_a_grid_that_is_not_square(side):
    maps = torch.randn(2, 3, 2 * side, 5 * side)
    tokens = unroll(maps, side)
    assert tokens.shape == (2, 10, side * side, 3)
    assert torch.equal(reroll(tokens, (2, 5)), maps)


def test_unroll_puts_every_token_where_its_coordinates_say():
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(24), indexing='ij')
    tokens = unroll(torch.stack([rows, columns])[None], 8)[0]
    assert torch.equal(tokens.flatten(0, 1), unit_coords(torch.arange(6), 3, z_order(8)))


def test_four_tokens_in_a_row_are_one_neighbourhood():
    maps = torch.randn(2, 3, 16, 24)
    pooled = torch.nn.functional.max_pool2d(maps, 2)
    tokens = unroll(maps, 8).flatten(1, 2)
    assert torch.equal(tokens.unflatten(1, (-1, 4)).amax(2), unroll(pooled, 4).flatten(1, 2))


def test_coarser_coords_are_those_of_the_coarser_map():
    units = torch.tensor([1, 5])
    assert torch.equal(
        coarser_coords(unit_coords(units, 3, z_order(8))), unit_coords(units, 3, z_order(4))
    )


def test_a_unit_of_three_tokens_is_refused():
    with pytest.raises(ValueError, match='power of two'):
        unroll(torch.zeros(1, 1, 6, 6), 3)


def test_cut_patches_reads_the_named_pixels_only():
    images = torch.arange(2 * 3 * 64 * 96, dtype=torch.float32).view(2, 3, 64, 96)
    units = torch.tensor([1, 5])
    patches = cut_patches(images, units, 32, 16)
    assert patches.shape == (2, 8, 3, 16, 16)
    assert torch.equal(patches[:, 1], images[:, :, 0:16, 48:64])
    assert torch.equal(patches[:, 6], images[:, :, 48:64, 64:80])


def test_cut_patches_takes_a_choice_for_each_image():
    images = torch.randn(2, 3, 64, 96)
    units = torch.tensor([[0, 4], [2, 5]])
    patches = cut_patches(images, units, 32, 4)
    for i in range(2):
        assert torch.equal(patches[i : i + 1], cut_patches(images[i : i + 1], units[i], 32, 4))


@pytest.mark.parametrize('patch', [4, 16, 32])
def test_paste_patches_undoes_cut_patches(patch):
    images = torch.randn(2, 3, 64, 96)
    assert torch.equal(
        paste_patches(cut_patches(images, torch.arange(6), 32, patch), (2, 3)), images
    )


def looped_windows(tokens, window, by_neighbourhood):
    """By the definition, one token at a time; zeros stand for what lies outside of the map."""
    (rows, columns), (height, width) = window, tokens.shape[1:3]
    windows = []
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            places = [(r, c) for r in range(rows) for c in range(columns)]
            if by_neighbourhood:
                places.sort(key=lambda place: (place[0] // 2, place[1] // 2, place))
            windows.append(
                [
                    tokens[0, top + r, left + c].tolist()
                    if top + r < height and left + c < width
                    else [0.0] * tokens.shape[-1]
                    for r, c in places
                ]
            )
    return torch.tensor([windows])


@pytest.mark.parametrize('size', [(8, 12), (7, 9), (3, 3)])
@pytest.mark.parametrize('by_neighbourhood', [False, True])
def test_windows_by_definition(size, by_neighbourhood):
    tokens = torch.randn(1, *size, 2)
    expected = looped_windows(tokens, (4, 6), by_neighbourhood)
    assert torch.equal(cut_windows(tokens, (4, 6), by_neighbourhood), expected)


@pytest.mark.parametrize('size', [(8, 12), (7, 9), (3, 3)])
def test_paste_windows_undoes_cut_windows_without_the_padding(size):
    tokens = torch.randn(2, *size, 3)
    assert torch.equal(paste_windows(cut_windows(tokens, (4, 6)), (4, 6), size), tokens)


def test_a_film_strip_has_every_second_frame_one_below_the_other():
    clips = torch.randn(2, 3, 6, 4, 5)
    strip = film_strip(clips)
    assert strip.shape == (2, 3, 12, 5)
    for place, frame in enumerate((0, 2, 4)):
        assert torch.equal(strip[:, :, 4 * place : 4 * place + 4], clips[:, :, frame])
    images = torch.randn(1, 3, 4, 5)
    assert film_strip(images) is images
