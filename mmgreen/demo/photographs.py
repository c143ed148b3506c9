"""The photographs that well-kept Python packages carry, with their licences.

They are read from where pip put them: nothing is downloaded, and none is part of this package. Each
belongs to training or to validation as a whole, so that no crop of it can appear in both.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

from mmgreen.errors import MissingFileError, MissingPackageError

# Distribution: (the module it installs, the folder of its sample images inside).
PACKAGES = {
    'matplotlib': ('matplotlib', 'mpl-data/sample_data'),
    'scikit-image': ('skimage', 'data'),
    'scikit-learn': ('sklearn', 'datasets/images'),
}
# Licence: the page that has its terms.
LICENCES = {
    'CC0 1.0': 'https://creativecommons.org/publicdomain/zero/1.0/',
    'CC BY 2.0': 'https://creativecommons.org/licenses/by/2.0/',
    'public domain': 'https://creativecommons.org/publicdomain/mark/1.0/',
    'no known copyright restrictions': 'https://rightsstatements.org/vocab/NKC/1.0/',
    'use and publication permitted, citation requested': 'https://vision.middlebury.edu/stereo/data/',
}

RGB = tuple[int, int, int]


class Photograph(NamedTuple):
    """A photograph that an installed package carries.

    Attributes:
        package: the distribution that carries it, a key of ``PACKAGES``.
        file: its name in that package's folder of sample images.
        split: 'train' or 'val'.
        author: who made it.
        licence: a key of ``LICENCES``, as the package or its source states it.
        source: where the package has it from.
        region: the part to crop from, as left, top, right, bottom in pixels; None for all of it.
        tones: for one that is grey in the package, the RGB colours that replace black and white.
    """

    package: str
    file: str
    split: str
    author: str
    licence: str
    source: str
    region: tuple[int, int, int, int] | None = None
    tones: tuple[RGB, RGB] | None = None


# fmt: off
PHOTOGRAPHS = (
    Photograph('scikit-image', 'astronaut.png', 'train',
               'NASA', 'public domain', 'https://flic.kr/p/r9qvLn'),
    Photograph('scikit-image', 'chelsea.png', 'train',
               'Stefan van der Walt', 'CC0 1.0', 'given to scikit-image'),
    Photograph('scikit-image', 'motorcycle_left.png', 'train',
               'D. Scharstein et al., "High-resolution stereo datasets", GCPR 2014',
               'use and publication permitted, citation requested',
               'https://vision.middlebury.edu/stereo/data/scenes2014/'),
    Photograph('scikit-learn', 'china.jpg', 'train',
               'danielbuechele', 'CC BY 2.0',
               'https://www.flickr.com/photos/danielbuechele/6061409035/'),
    Photograph('scikit-image', 'rocket.jpg', 'train',
               'SpaceX', 'public domain',
               'https://www.flickr.com/photos/spacexphotos/16511594820/'),
    Photograph('scikit-image', 'retina.jpg', 'train',
               'Mikael Häggström', 'CC0 1.0',
               'https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg',
               region=(230, 230, 1180, 1180)),
    Photograph('scikit-image', 'hubble_deep_field.jpg', 'train',
               'NASA', 'public domain',
               'https://hubblesite.org/newscenter/archive/releases/2012/37/image/a/'),
    Photograph('scikit-image', 'ihc.png', 'train',
               'Center for Microscopy and Molecular Imaging', 'no known copyright restrictions',
               'given to scikit-image'),
    Photograph('scikit-image', 'grass.png', 'train',
               'linolafett', 'CC0 1.0',
               'https://www.deviantart.com/linolafett/art/Grass-01-434853879',
               tones=((22, 36, 10), (206, 220, 128))),
    Photograph('scikit-image', 'brick.png', 'train',
               'CC0Textures', 'CC0 1.0', 'https://cc0textures.com/view.php?tex=Bricks25',
               tones=((74, 22, 14), (240, 200, 176))),
    Photograph('scikit-image', 'gravel.png', 'train',
               'CC0Textures', 'CC0 1.0', 'https://cc0textures.com/view.php?tex=Gravel04',
               tones=((36, 32, 40), (232, 214, 186))),
    Photograph('scikit-learn', 'flower.jpg', 'val',
               'vultilion', 'CC BY 2.0', 'https://www.flickr.com/photos/vultilion/6056698931/'),
    Photograph('scikit-image', 'coffee.png', 'val',
               'Rachel Michetti', 'CC0 1.0', 'given to scikit-image by Pikolo Espresso Bar'),
    Photograph('matplotlib', 'grace_hopper.jpg', 'val',
               'James S. Davis, US Navy', 'public domain',
               'https://commons.wikimedia.org/wiki/File:Commodore_Grace_M._Hopper,_USN_(covered).jpg'),
)
# fmt: on


def photographs_of(split: str) -> list[Photograph]:
    """Those of 'train' or 'val'."""
    return [photograph for photograph in PHOTOGRAPHS if photograph.split == split]


def load_photograph(photograph: Photograph) -> Image.Image:
    """The photograph in RGB, cut to its region and coloured where it was grey.

    Raises:
        ModuleNotFoundError: if the package that carries it is not installed.
        FileNotFoundError: if the installed version does not carry it.
    """
    path = _find(photograph)
    with Image.open(path) as opened:
        if photograph.tones is None:
            image = opened.convert('RGB')
        else:
            image = ImageOps.colorize(opened.convert('L'), *photograph.tones)
    return image if photograph.region is None else image.crop(photograph.region)


def _find(photograph: Photograph) -> Path:
    module, folder = PACKAGES[photograph.package]
    # The packages' own loaders are not asked: they would import the package and may download.
    spec = importlib.util.find_spec(module)
    if spec is None:
        raise MissingPackageError(
            f'{photograph.package} is not installed, and the demo data needs its photographs: '
            f'pip install {" ".join(PACKAGES)}.'
        )
    path = Path(spec.submodule_search_locations[0], folder, photograph.file)
    if not path.is_file():
        raise MissingFileError(
            f'the installed {photograph.package} does not carry {path}: '
            f'pip install --upgrade {photograph.package}.'
        )
    return path
