"""The starters for a computer without a GPU: how large objects are decides crops and sizes."""

import pytest
from reference_configs import copy_starter
from repository import ROOT

from mmgreen.datasets.classes import check_num_classes
from mmgreen.engine.schedules import check_schedule

CONFIGS = ROOT / 'configs'
IMAGES = sorted(CONFIGS.glob('*/*_n_pretrain_own_images.py'))
DATA = sorted(CONFIGS.glob('*/*_n_faster_rcnn_own_data.py'))


def stem(file):
    return file.stem


@pytest.mark.parametrize('file', IMAGES, ids=stem)
def test_crops_show_an_object_as_wide_as_two_units(file, tmp_path):
    cfg = copy_starter(file, tmp_path, object_size=100, flip_vertically=0.0)
    trained, judged = (cfg[f'{part}_dataloader'].dataset.pipeline for part in ('train', 'val'))
    near, crop = trained[1:3]
    assert (near.crop_size, crop.scale) == ((440, 224) if 'swin' in file.stem else (250, 128))
    assert cfg.model.backbone.img_size == crop.scale
    widths = [100 * crop.scale / (near.crop_size * share**0.5) for share in crop.crop_ratio_range]
    assert widths[0] > 64 > widths[1] > 48
    assert judged == [*trained[:3], trained[-1]]
    assert [(each.direction, each.prob) for each in trained[3:5]] == [
        ('horizontal', 0.5),
        ('vertical', 0.0),
    ]


@pytest.mark.parametrize('file', DATA, ids=stem)
class TestDetectors:
    def test_an_object_is_as_wide_as_in_the_pretraining(self, file, tmp_path):
        cfg = copy_starter(file, tmp_path, object_size=100)
        _, _, crop, resize, *_ = cfg.train_dataloader.dataset.pipeline
        assert crop.crop_size == (375, 666) and resize.scale == (320, 320)
        assert 100 * 320 / crop.crop_size[0] > 64 > 100 * 320 / crop.crop_size[1]
        for part in ('val', 'test'):
            resize = cfg[f'{part}_dataloader'].dataset.pipeline[1]
            assert resize.scale_factor * 100 == 64 and 'scale' not in resize

    def test_everything_follows_from_the_values_at_the_top(self, file, tmp_path):
        train = dict(ann_file='a.json', data_prefix=dict(img='b'))
        val = dict(ann_file='c.json', data_prefix=dict(img='d'))
        values = dict(data_root='/data/', train=train, val=val, classes=('x', 'y'), epochs=7)
        values.update(batch_size=8, crops_per_epoch=80, learning_rate=2e-3, max_per_image=700)
        cfg = copy_starter(file, tmp_path, start_from='some.pth', **values)
        check_schedule(cfg.to_dict())
        check_num_classes(cfg.to_dict())
        assert cfg.model.backbone.init_cfg.checkpoint == 'some.pth'
        limits = cfg.model.test_cfg
        assert limits.rcnn.max_per_img == 700
        assert limits.rpn.max_per_img == limits.rpn.nms_pre == 1400
        assert cfg.test_evaluator == cfg.val_evaluator
        assert cfg.val_evaluator.max_per_image == 700
        assert cfg.val_evaluator.ann_file == '/data/c.json'
        loader = cfg.train_dataloader
        assert (loader.batch_size, loader.sampler.samples_per_epoch) == (8, 80)
        assert (loader.dataset.ann_file, loader.dataset.data_prefix) == ('a.json', {'img': 'b'})
        for loader in (cfg.val_dataloader, cfg.test_dataloader):
            assert (loader.dataset.ann_file, loader.dataset.data_prefix) == ('c.json', {'img': 'd'})
            assert loader.dataset.metainfo.classes == ('x', 'y')
        assert cfg.optim_wrapper.optimizer.lr == 2e-3
        assert cfg.auto_scale_lr.base_batch_size == 8 and cfg.train_cfg.max_epochs == 7
