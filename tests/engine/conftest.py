import numpy as np
import pytest
from PIL import Image
from reference_training import NUM_IMAGES


@pytest.fixture
def images(tmp_path):
    for i in range(NUM_IMAGES):
        path = tmp_path / f'images/{i:02}.png'
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((16, 16, 3), 20 * i, dtype=np.uint8)).save(path)
    return tmp_path / 'images'
