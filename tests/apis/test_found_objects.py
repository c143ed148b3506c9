"""A detector that finds coloured rectangles, whose place and mask are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from mmengine.config import Config
from PIL import Image
from pycocotools import mask as coding

from mmgreen.apis.found_objects import Tiles, WholeImages, write_picture
from mmgreen.datasets.read_image import ReadImage

BOXES = [
    (5, 6, 25, 30),
    (60, 60, 90, 85),
    (78, 10, 104, 33),
    (20, 60, 50, 110),
    (130, 40, 159, 130),
]
SIZE = (160, 140)


class FakeDetector:
    """Finds every rectangle of one gray, with scores that fall as it gets larger."""

    def __init__(self, most=100, masks=True):
        self.cfg = Config(dict(model=dict(test_cfg=dict(rcnn=dict(max_per_img=most)))))
        self.model = SimpleNamespace(dataset_meta=dict(classes=('cat', 'dog')))
        self.read_image = ReadImage()
        self.pipeline = SimpleNamespace(transforms=[])
        self.masks = masks
        self.looked_at = []

    def __call__(self, pixels, **options):
        self.looked_at.append(pixels.shape[:2])
        rows = []
        for gray in np.unique(pixels[..., 0]):
            if gray:
                mask = pixels[..., 0] == gray
                ys, xs = mask.nonzero()
                box = [*map(float, (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))]
                encoded = coding.encode(np.asfortranarray(mask.astype(np.uint8)))
                encoded['counts'] = encoded['counts'].decode()
                rows.append((0.9 - mask.sum() / 1e5, box, encoded))
        rows.sort(key=lambda row: -row[0])
        predicted = dict(
            labels=[0] * len(rows), scores=[s for s, *_ in rows], bboxes=[b for _, b, _ in rows]
        )
        if self.masks:
            predicted['masks'] = [m for *_, m in rows]
        return dict(predictions=[predicted], visualization=[np.ascontiguousarray(pixels)])

    def visualize(self, images, samples, **options):
        self.drawn = samples[0].pred_instances
        return images


@pytest.fixture
def image(tmp_path):
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for place, (left, top, right, bottom) in enumerate(BOXES, 1):
        pixels[top:bottom, left:right] = 20 * place
        pixels[top : top + 4, left : left + 4] = 0  # a corner is missing
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    tifffile.imwrite(tmp_path / 'a.tif', pixels, tile=(32, 32), photometric='rgb')
    return tmp_path / 'a.png'


def as_sets(look):
    """Of each object what does not depend on the order."""
    return {
        (*each['box'], *(each['encoded']['size'] + [each['encoded']['counts']]))
        for each in look.found
    }


@pytest.mark.parametrize('ending', ['.png', '.tif'])
@pytest.mark.parametrize(
    ('tile', 'overlap'), [(64, 0.2), (77, 0.33), (100, 0.5), (33, 0.4), (159, 0.1), (5000, 0.2)]
)
def test_tiles_find_what_the_whole_image_has(image, tmp_path, ending, tile, overlap):
    """Boxes and masks, also of objects that are larger than a tile or cut by several seams."""
    path = str(image.with_suffix(ending))
    whole = WholeImages(FakeDetector(), 0.3).look(path, tmp_path / 'whole.png')
    assert len(whole.found) == len(BOXES)
    detector = FakeDetector()
    tiled = Tiles(detector, 0.3, tile, overlap).look(path, tmp_path / 'tiled.png')
    assert as_sets(tiled) == as_sets(whole)
    assert (tiled.width, tiled.height) == (whole.width, whole.height) == SIZE
    scores = [each['score'] for each in tiled.found]
    assert scores == sorted(scores, reverse=True)
    assert detector.looked_at[0] == (min(tile, SIZE[1]), min(tile, SIZE[0]))
    assert len(detector.drawn) == len(BOXES)


def test_without_masks(image, tmp_path):
    look = Tiles(FakeDetector(masks=False), 0.3, 64, 0.3).look(str(image), tmp_path / 'b.png')
    assert sorted(tuple(each['box']) for each in look.found) == sorted(BOXES)
    assert all(each['encoded'] is None for each in look.found)


def test_an_empty_image(image, tmp_path):
    Image.new('RGB', (90, 70)).save(tmp_path / 'c.png')
    look = Tiles(FakeDetector(), 0.3, 40, 0.3).look(str(tmp_path / 'c.png'), tmp_path / 'd.png')
    assert look.found == [] and look.num_full == 0


def test_a_picture_keeps_its_colours(image, tmp_path):
    Image.new('RGB', (90, 70), (250, 10, 20)).save(tmp_path / 'c.png')
    Tiles(FakeDetector(), 0.3, 40, 0.3).look(str(tmp_path / 'c.png'), tmp_path / 'd.png')
    # What visualize gives has red first; the fake gives back what it got, blue first.
    assert Image.open(tmp_path / 'd.png').getpixel((50, 50)) == (20, 10, 250)


def test_images_that_are_full_are_counted(image, tmp_path):
    finder = WholeImages(FakeDetector(most=len(BOXES)), 0.3)
    assert finder.look(str(image), tmp_path / 'b.png').num_full == 1
    assert 'a.png first, and may hold more: raise max_per_image' in finder.describe_full(1, 'a.png')
    finder = WholeImages(FakeDetector(most=len(BOXES) + 1), 0.3)
    assert finder.look(str(image), tmp_path / 'b.png').num_full == 0
    tiles = Tiles(FakeDetector(most=2), 0.3, 80, 0.2)
    assert tiles.look(str(image), tmp_path / 'b.png').num_full > 1
    assert 'smaller tiles' in tiles.describe_full(3, 'a.png')


class TestNote:
    def finder(self, *options):
        detector = FakeDetector()
        from mmcv.transforms import Resize

        detector.pipeline.transforms = [Resize(scale=(64, 64), keep_ratio=True)]
        return Tiles(detector, 0.3, *options) if options else WholeImages(detector, 0.3)

    def test_whole_images_that_are_shrunk(self):
        assert self.finder().note([(64, 48)]) is None
        assert self.finder().note([(64, 48), (640, 320)]) == (
            '1 of 2 images are shrunk: 640x320 px become 64x32 px, and objects of 40 px about 4 '
            'px. --tile 64 looks at them in full size.'
        )

    def test_tiles_that_are_shrunk(self):
        assert self.finder(64, 0.2).note([(640, 320)]) is None
        assert self.finder(640, 0.2).note([(64, 48)]) is None
        assert self.finder(640, 0.2).note([(999, 999)]).startswith('Tiles are shrunk: 640x640 px')


def test_a_picture_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr('mmcv.imwrite', lambda *arguments: False)
    with pytest.raises(OSError, match='cannot be written'):
        write_picture(tmp_path / 'a.png', np.zeros((3, 4, 3), np.uint8))
