import numpy as np
import pytest
from PIL import Image

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.mean_and_std import mean_and_std, mean_and_std_in, moments_of
from mmgreen.errors import InputError, MissingFileError


def test_it_is_that_of_all_pixels_together():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (side, side + 3, 3), dtype=np.uint8) for side in (5, 9, 30)]
    pixels = np.concatenate([image.reshape(-1, 3) for image in images]).astype(float)
    found = mean_and_std([moments_of(image) for image in images])
    assert found.mean == pytest.approx(pixels.mean(0).tolist())
    assert found.std == pytest.approx(pixels.std(0).tolist())


def test_red_comes_first_and_files_that_are_broken_are_left_out(tmp_path):
    for name, red in (('a.png', 10), ('deeper/b.png', 30)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new('RGB', (40, 30), (red, 7, 0)).save(tmp_path / name)
    (tmp_path / 'c.png').write_bytes(b'\x89PNG and no more')
    found, number = mean_and_std_in(str(tmp_path))
    assert number == 2
    assert found.mean == pytest.approx([20, 7, 0])
    assert found.std == pytest.approx([10, 1, 1])  # 1 where a channel has one level


def test_of_many_images_some_spread_evenly_and_of_a_large_one_some_pixels(tmp_path):
    for number in range(9):
        Image.new('L', (8, 8), 10 * number).save(tmp_path / f'{number}.png')
    found, number = mean_and_std_in(str(tmp_path), most=3)
    assert number == 3 and found.mean == pytest.approx([40] * 3)  # the first, middle and last

    large = tmp_path / 'large'
    large.mkdir()
    ramp = np.linspace(0, 255, 1000, dtype=np.uint8)[None].repeat(700, 0)
    Image.fromarray(ramp).save(large / 'ramp.png')
    found, _ = mean_and_std_in(str(large))
    assert found.mean == pytest.approx([ramp.mean()] * 3, abs=1.5)
    assert found.std == pytest.approx([ramp.std()] * 3, abs=1.5)


def test_where_there_is_nothing_to_measure_a_sentence_says_so(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'no image')
    with pytest.raises(DataError, match='None of the 1 images in .* can be read'):
        mean_and_std_in(str(tmp_path))
    with pytest.raises(MissingFileError, match='There is no folder'):
        mean_and_std_in(str(tmp_path / 'nowhere'))
    with pytest.raises(InputError, match='--max-images must be 1 or more, not -1'):
        mean_and_std_in(str(tmp_path), most=-1)
