import pytest
import torch

from mmgreen.ops.layout import unit_coords, z_order
from mmgreen.ops.tiles import cut_tiles


@pytest.mark.parametrize(('grid', 'side'), [((3, 4), 1), ((2, 3), 2), ((2, 2), 4)])
@pytest.mark.parametrize('reach', [0, 1, 2])
def test_every_place_of_a_tile_holds_the_token_that_stands_there(grid, side, reach):
    torch.manual_seed(0)
    units = torch.randperm(grid[0] * grid[1])[: grid[0] * grid[1] // 2].sort().values
    coords = unit_coords(units, grid[1], z_order(side))
    tiles = cut_tiles(coords, side, reach)
    assert tiles.side == side + 2 * reach
    token_at = {tuple(place): token for token, place in enumerate(coords.tolist())}
    for unit, number in enumerate(units.tolist()):
        top, left = number // grid[1] * side - reach, number % grid[1] * side - reach
        for place, token in enumerate(tiles.take[unit].tolist()):
            row, column = top + place // tiles.side, left + place % tiles.side
            assert token == token_at.get((row, column), len(coords))


def test_the_way_back_finds_each_token_inside_of_its_tile():
    units = torch.tensor([1, 4])
    coords = unit_coords(units, 3, z_order(4))
    tiles = cut_tiles(coords, 4, 1)
    insides = tiles.take.view(2, 6, 6)[:, 1:5, 1:5].flatten()
    assert insides[tiles.back].tolist() == list(range(32))
