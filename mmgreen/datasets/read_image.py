"""How the file of an image becomes pixels."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageOps

from mmgreen.datasets.errors import UnreadableImageError
from mmgreen.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ReadImage(BaseTransform):
    """Decodes the file at ``img_path`` with Pillow into ``img``: (H, W, 3) uint8, blue first.

    Unlike OpenCV, Pillow notices a file that was cut off. Gray, palette and CMYK images become
    colour images, transparency is dropped, 16-bit gray is divided by 256, the orientation that a
    camera noted is applied, and the first of several frames is taken. ``img_shape`` and
    ``ori_shape`` are (H, W).

    Raises:
        UnreadableImageError: if the file is missing, cut off, no image, or of floating point.
    """

    def transform(self, results: dict) -> dict:
        """``results``, with the image added."""
        path = results['img_path']
        try:
            with Image.open(path) as image:
                pixels = np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
        except Exception as error:  # Decoders raise anything: SyntaxError, struct.error, EOFError.
            raise UnreadableImageError(f'{path} ({type(error).__name__}: {error})') from error
        results['img'] = np.ascontiguousarray(pixels[..., ::-1])
        results['img_shape'] = results['ori_shape'] = pixels.shape[:2]
        return results


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == 'F':
        raise ValueError('floating-point pixels have no known range; store them with 8 or 16 bits')
    if image.mode.startswith('I'):
        # convert('RGB') would clip, and nearly every pixel of 16 bits would come out white.
        image = Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8))
    if 'transparency' in image.info:
        image = image.convert('RGBA')  # Pillow warns about the direct way for some palettes.
    return image.convert('RGB')
