import numpy as np
import pytest

from mmgreen.apis.overview import Overview
from mmgreen.datasets.conversion.tiling import plan_grid


@pytest.mark.parametrize(('size', 'expected'), [((90, 70), (70, 90)), ((9000, 3000), (683, 2048))])
def test_is_put_together_without_gaps(size, expected):
    overview = Overview(size)
    for tile in plan_grid(size, (640, 640), 0.2).tiles():
        columns = np.linspace(1, 250, size[0])[tile.x : tile.x + tile.width]
        pixels = np.broadcast_to(columns[None, :, None], (tile.height, tile.width, 3))
        overview.add(tile, pixels.astype(np.uint8))
    assert overview.pixels.shape == (*expected, 3)
    wanted = np.linspace(1, 250, expected[1])
    assert abs(overview.pixels[..., 0] - wanted).max() <= 2
    assert overview.scale == min(1, 2048 / max(size))
