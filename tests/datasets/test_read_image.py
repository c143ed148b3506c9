import numpy as np
import pytest
from PIL import Image
from reference_images import PIXELS, cut, read, save

from mmgreen.datasets.errors import UnreadableImageError
from mmgreen.datasets.read_image import ReadImage, sizes_in_headers
from mmgreen.errors import InputError


class TestReadImage:
    def test_the_pixels_are_those_of_the_file_blue_first(self, tmp_path):
        assert np.array_equal(read(save(tmp_path / 'a.png')), PIXELS[..., ::-1])

    @pytest.mark.parametrize(
        ('name', 'mode'),
        [
            ('gray.png', 'L'),
            ('bits.png', '1'),
            ('palette.gif', 'P'),
            ('alpha.png', 'RGBA'),
            ('gray_alpha.png', 'LA'),
            ('print.jpg', 'CMYK'),
            ('UPPER.JPEG', None),
            ('with space é.webp', None),
            ('scan.tiff', None),
        ],
    )
    def test_every_kind_of_image_becomes_a_colour_image(self, tmp_path, name, mode):
        image = read(save(tmp_path / name, mode=mode))
        assert image.shape == (24, 32, 3) and image.dtype == np.uint8
        assert image.flags.c_contiguous

    @pytest.mark.parametrize('name', ['deep.png', 'deep.tif'])
    def test_sixteen_bits_are_scaled_and_not_clipped(self, tmp_path, name):
        pixels = np.random.default_rng(1).integers(0, 2**16, (24, 32)).astype(np.uint16)
        image = read(save(tmp_path / name, pixels))
        assert np.array_equal(image, np.repeat((pixels // 256)[..., None], 3, axis=2))

    def test_the_orientation_of_the_camera_is_applied(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6  # Turn by 90 degrees clockwise.
        image = read(save(tmp_path / 'a.png', exif=exif))
        assert np.array_equal(image, np.rot90(PIXELS, -1)[..., ::-1])

    def test_transparency_given_as_bytes_is_dropped_without_a_warning(self, tmp_path, recwarn):
        read(save(tmp_path / 'a.png', mode='P', transparency=bytes(range(256))))
        assert not recwarn.list

    @pytest.mark.parametrize('ending', ['jpg', 'png', 'webp'])
    def test_a_file_that_was_cut_off_is_refused(self, tmp_path, ending):
        with pytest.raises(UnreadableImageError, match=f'a.{ending}'):
            read(cut(save(tmp_path / f'a.{ending}')))

    def test_floating_point_pixels_are_refused(self, tmp_path):
        path = save(tmp_path / 'a.tiff', np.zeros((4, 4), dtype=np.float32))
        with pytest.raises(UnreadableImageError, match='floating-point'):
            read(path)


def test_an_array_that_is_there_already_is_taken():
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    read_again = ReadImage()(dict(img=pixels.copy(), img_path=None))
    assert np.array_equal(read_again['img'], pixels)
    assert read_again['img_shape'] == read_again['ori_shape'] == (4, 5)


def test_an_image_beyond_the_limit_is_too_large_and_the_limit_can_be_raised(tmp_path):
    path = save(tmp_path / 'large.png', np.zeros((200, 100, 3), dtype=np.uint8))
    sentence = r'large\.png is too large: 100x200 px are 0 megapixels, and ReadImage takes 0; cut'
    with pytest.raises(UnreadableImageError, match=sentence):
        ReadImage(max_megapixels=0.0199)(dict(img_path=str(path)))
    assert ReadImage(max_megapixels=0.02)(dict(img_path=str(path)))['img_shape'] == (200, 100)


class TestKeepingDecodedImages:
    def test_a_kept_image_is_not_read_again_and_stays_what_it_was(self, tmp_path):
        path, reader = save(tmp_path / 'a.png'), ReadImage(keep_mb=1)
        first = reader(dict(img_path=str(path)))['img']
        path.unlink()
        for _ in range(2):
            assert np.array_equal(first, PIXELS[..., ::-1])
            first[:] = 0  # as a transform might
            first = reader(dict(img_path=str(path)))['img']

    def test_what_does_not_fit_is_read_again(self, tmp_path):
        paths = [save(tmp_path / name) for name in ('a.png', 'b.png')]
        reader = ReadImage(keep_mb=1.5 * PIXELS.nbytes / 1e6)
        for path in paths:
            reader(dict(img_path=str(path)))
            path.unlink()
        reader(dict(img_path=str(paths[0])))
        with pytest.raises(UnreadableImageError, match=r'b\.png'):
            reader(dict(img_path=str(paths[1])))

    def test_nothing_is_kept_unless_asked(self, tmp_path):
        path, reader = save(tmp_path / 'a.png'), ReadImage()
        reader(dict(img_path=str(path)))
        path.unlink()
        with pytest.raises(UnreadableImageError):
            reader(dict(img_path=str(path)))

    def test_less_than_nothing_is_refused(self):
        with pytest.raises(InputError, match='keep_mb of ReadImage is -1; give megabytes, or 0'):
            ReadImage(keep_mb=-1)


def test_pillows_own_limit_is_not_asked(tmp_path, monkeypatch):
    path = save(tmp_path / 'large.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10)
    assert read(path).shape == PIXELS.shape
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.parametrize('shape', [(1, 2000), (2000, 1), (3, 700)])
def test_an_image_too_thin_to_be_resized_is_refused(tmp_path, shape):
    path = save(tmp_path / 'thin.png', np.zeros((*shape, 3), dtype=np.uint8))
    with pytest.raises(UnreadableImageError, match=r'thin\.png is too thin'):
        read(path)


def test_sizes_are_those_that_the_reader_gives(tmp_path, monkeypatch):
    exif = Image.Exif()
    paths = []
    for orientation in range(1, 9):
        exif[0x0112] = orientation
        paths.append(str(save(tmp_path / f'{orientation}.jpg', exif=exif)))
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'')
    monkeypatch.setattr('mmgreen.datasets.read_image.PART', 4)
    *sizes, none = sizes_in_headers([*paths, str(broken)])
    assert none is None
    assert [size[:2] for size in sizes] == [read(path).shape[1::-1] for path in paths]
    assert [size.turned for size in sizes] == [False] * 4 + [True] * 4
