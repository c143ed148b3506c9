"""Judged against the same file, read whole."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from mmgreen.datasets.conversion.tiling import plan_grid
from mmgreen.datasets.errors import UnreadableImageError
from mmgreen.datasets.read_image import read_pixels
from mmgreen.datasets.windows import TiffInParts, WholeImage, open_windows

PIXELS = np.random.default_rng(0).integers(0, 255, (203, 301, 3), dtype=np.uint8)
GRAY = PIXELS[..., 0]
TILED = dict(tile=(64, 48), photometric='rgb')


def check(path, kind):
    windows, whole = open_windows(str(path), 90), read_pixels(str(path))
    assert isinstance(windows, kind) and windows.size == whole.shape[1::-1]
    for tile in plan_grid(windows.size, (70, 90), 0.3).tiles():
        left, top, right, bottom = tile.corners
        assert np.array_equal(windows.read(tile), whole[top:bottom, left:right])


@pytest.mark.parametrize(
    ('pixels', 'options'),
    [
        (PIXELS, TILED),
        (PIXELS, dict(TILED, compression='zlib', predictor=True)),
        (PIXELS, dict(TILED, bigtiff=True)),
        (PIXELS, dict(photometric='rgb', rowsperstrip=7)),
        (np.dstack([PIXELS, GRAY]), dict(TILED, extrasamples=['unassalpha'])),
        (PIXELS.astype(np.uint16) * 200, TILED),
        (GRAY.astype(np.uint16) * 200, dict(tile=(64, 48), byteorder='>')),
    ],
)
def test_parts_of_a_tiff(tmp_path, pixels, options):
    tifffile.imwrite(tmp_path / 'a.tif', pixels, **options)
    check(tmp_path / 'a.tif', TiffInParts)


@pytest.mark.parametrize('compression', ['tiff_lzw', 'jpeg', 'packbits'])
@pytest.mark.parametrize('mode', ['RGB', 'L', 'P'])
def test_strips_of_every_coding(tmp_path, compression, mode):
    if (compression, mode) == ('jpeg', 'P'):
        mode = 'CMYK'  # JPEG has no palette
    Image.fromarray(PIXELS).convert(mode).save(tmp_path / 'a.tif', compression=compression)
    check(tmp_path / 'a.tif', TiffInParts)


def test_no_more_is_kept_than_a_row_of_windows_needs(tmp_path):
    tifffile.imwrite(tmp_path / 'a.tif', np.tile(PIXELS, (9, 1, 1)), **TILED)
    windows = open_windows(str(tmp_path / 'a.tif'), 90)
    for tile in plan_grid(windows.size, (70, 90), 0.3).tiles():
        windows.read(tile)
    assert len(windows._kept) == 3 * 7  # rows of 64 px that 90 px touch at most, of 48 px columns


@pytest.mark.parametrize('name', ['a.png', 'a.jpg'])
def test_others_are_read_once(tmp_path, name):
    Image.fromarray(PIXELS).save(tmp_path / name)
    check(tmp_path / name, WholeImage)


def test_planes_and_turned_ones_are_read_once(tmp_path):
    planes = np.ascontiguousarray(PIXELS.transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / 'a.tif', planes, planarconfig='separate', **TILED)
    check(tmp_path / 'a.tif', WholeImage)
    turned = Image.fromarray(PIXELS)
    turned.save(tmp_path / 'b.tif', tiffinfo={0x0112: 6}, compression='tiff_lzw')
    check(tmp_path / 'b.tif', WholeImage)


def test_what_was_never_written_is_black(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / 'a.tif', PIXELS, **TILED)
    windows = open_windows(str(tmp_path / 'a.tif'), 90)
    windows._parts = windows._parts._replace(lengths=(0,) * len(windows._parts.lengths))
    (tile,) = plan_grid((40, 40), (40, 40)).tiles()
    assert not windows.read(tile).any()


def test_what_is_cut_off_or_too_large_is_a_sentence(tmp_path):
    tifffile.imwrite(tmp_path / 'a.tif', PIXELS, **TILED, compression='zlib')
    content = (tmp_path / 'a.tif').read_bytes()
    windows = open_windows(str(tmp_path / 'a.tif'), 90)
    (tmp_path / 'a.tif').write_bytes(content[: len(content) // 2])
    *_, last = plan_grid(windows.size, (90, 90)).tiles()
    with pytest.raises(UnreadableImageError, match=r'a\.tif'):
        windows.read(last)
    Image.fromarray(PIXELS).save(tmp_path / 'b.png')
    with pytest.raises(UnreadableImageError, match='too large'):
        open_windows(str(tmp_path / 'b.png'), 90, max_megapixels=0.01)
    with pytest.raises(UnreadableImageError):
        open_windows(str(tmp_path / 'gone.tif'), 90)
    thin = np.zeros((4, 2000, 3), np.uint8)
    tifffile.imwrite(tmp_path / 'c.tif', thin, **TILED)
    with pytest.raises(UnreadableImageError, match='too thin'):
        open_windows(str(tmp_path / 'c.tif'), 90)
