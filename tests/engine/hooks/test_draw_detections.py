import os
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import InstanceData
from PIL import Image
from pycocotools import mask as coding

from mmgreen.datasets.read_image import ReadImage
from mmgreen.engine.hooks.draw_detections import DrawDetections, picture_name, true_objects

SIZE = (60, 80)
BOX = [10, 20, 50, 40]
OUTLINE = [[10, 20, 50, 20, 50, 40, 10, 40]]


class Data(list):
    """What a hook asks of mmdet's data sets."""

    get_data_info = list.__getitem__


@pytest.fixture
def shown(tmp_path):
    """Runs a test of three gray images, of which two have the same name, and gives the pictures."""

    def run(classes=('cat', 'dog'), label=1, masks=False, with_path=True):
        data, outputs = Data(), []
        for i, name in enumerate(('a/0.png', 'b/0.png', 'b/1.bmp')):
            path = tmp_path / 'images' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new('RGB', SIZE[::-1], (90, 90, 90)).save(path)
            truth = dict(bbox=BOX, bbox_label=label, ignore_flag=0, mask=OUTLINE)
            data.append(dict(img_path=str(path), img_id=i, instances=[truth]))
            found = InstanceData(
                bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long(), scores=torch.zeros(0)
            )
            if masks:
                found.masks = torch.zeros(0, *SIZE, dtype=torch.bool)
            named = dict(img_path=str(path)) if with_path else {}
            outputs.append(DetDataSample(pred_instances=found, metainfo=dict(img_id=i, **named)))
        visualizer = DetLocalVisualizer()
        visualizer.dataset_meta = dict(classes=classes, palette=[(220, 20, 60), (119, 11, 32)])
        runner = SimpleNamespace(
            visualizer=visualizer,
            test_dataloader=SimpleNamespace(dataset=data),
            work_dir=str(tmp_path / 'work'),
            timestamp='now',
            logger=Mock(),
        )
        hook = DrawDetections(test_out_dir='shown')
        hook.before_test(runner)
        hook.after_test_iter(runner, 0, None, outputs[:2])
        hook.after_test_iter(runner, 1, None, outputs[2:])
        hook.after_test(runner)
        (said,) = runner.logger.info.call_args.args
        assert os.path.abspath(said.split(': ')[-1]) == str(tmp_path / 'work/now/shown')
        assert not any('gt_instances' in each for each in outputs)
        return tmp_path / 'work/now/shown'

    return run


def halves(path):
    """Which pixels of the left and the right half are not those of the image."""
    pixels = np.asarray(Image.open(path).convert('RGB')).astype(int)
    assert pixels.shape == (SIZE[0], 2 * SIZE[1], 3)
    changed = (abs(pixels - 90) > 20).any(-1)
    return changed[:, : SIZE[1]], changed[:, SIZE[1] :]


class TestDrawDetections:
    @pytest.mark.parametrize('with_path', [True, False])
    def test_the_truth_is_on_the_left(self, shown, with_path):
        folder = shown(with_path=with_path)
        names = sorted(str(each.relative_to(folder)) for each in folder.rglob('*.*'))
        assert names == ['a/0.png', 'b/0.png', 'b/1.bmp.png']
        for name in names:
            truth, found = halves(folder / name)
            assert truth[20:40, 9:12].any() and not found.any()
            assert not truth[25:35, 25:45].all()

    def test_masks_are_drawn_where_the_detector_has_them(self, shown):
        truth, found = halves(shown(masks=True) / 'a/0.png')
        assert truth[33:38, 25:45].all() and not found.any()

    def test_more_classes_than_colours(self, shown):
        classes = tuple(f'part{i}' for i in range(121))
        truth, _ = halves(shown(classes=classes, label=120) / 'a/0.png')
        assert truth.any()


def test_images_are_read_as_the_test_reads_them():
    data = Data()
    data.pipeline = SimpleNamespace(transforms=[ReadImage(max_megapixels=1)])
    loader = SimpleNamespace(dataset=data)
    hook = DrawDetections()
    hook.before_test(
        SimpleNamespace(visualizer=SimpleNamespace(dataset_meta={}), test_dataloader=loader)
    )
    assert hook._read_image.max_megapixels == 1


class TestTruth:
    def test_every_kind_of_mask(self):
        grid = np.zeros(SIZE, dtype=np.uint8)
        grid[20:40, 10:50] = 1
        packed = coding.encode(np.asfortranarray(grid))
        runs = np.diff(np.flatnonzero(np.diff(grid.T.ravel())), prepend=-1).tolist()
        lengths = dict(size=list(SIZE), counts=[*runs, grid.size - sum(runs)])
        other = dict(size=[5, 5], counts=[0, 25])
        masks = [OUTLINE, packed, lengths, None, other, [[10, 20, 40, 20]], [[]]]
        instances = [dict(bbox=BOX, bbox_label=0, mask=each) for each in masks]
        made = true_objects(instances, SIZE, with_masks=True).masks
        assert made.shape == (7, *SIZE) and made.dtype == bool
        for each in made[:3]:
            assert np.array_equal(each, grid.astype(bool))
        assert not made[3:].any()

    @pytest.mark.parametrize('counts', ['zzz!!', 'A', [10], None])
    def test_masks_that_were_never_checked_may_be_bad(self, counts):
        bad = dict(bbox=BOX, bbox_label=0, mask=dict(size=list(SIZE), counts=counts))
        assert not true_objects([bad], SIZE, with_masks=True).masks.any()

    def test_crowds_are_left_out(self):
        instances = [dict(bbox=BOX, bbox_label=0, ignore_flag=1)]
        made = true_objects(instances, SIZE, with_masks=True)
        assert made.bboxes.shape == (0, 4) and made.masks.shape == (0, *SIZE)


def test_endings():
    assert picture_name('a/b.JPG') == 'a/b.JPG' and picture_name('a.tif') == 'a.tif.png'
