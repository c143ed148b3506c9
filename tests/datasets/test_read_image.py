import numpy as np
import pytest
from PIL import Image
from reference_images import PIXELS, cut, read, save

from mmgreen.datasets.errors import UnreadableImageError


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
