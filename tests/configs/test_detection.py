"""Every config of a detector: parses, builds, says what it is, and holds the recipe it names."""

import re
from pathlib import Path

import pytest
import torch
from mmdet.models import MaskRCNN
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.models.utils import LayerNorm2d
from reference_configs import copy_starter, metafile_of
from repository import ROOT

from mmgreen.datasets.classes import check_num_classes
from mmgreen.engine.schedules import check_schedule

CONFIGS = ROOT / 'configs'
METHODS = ('greenmim', 'hiera', 'vitdet')
PUBLISHED = [file for method in METHODS for file in sorted((CONFIGS / method).glob('*_coco.py'))]
OWN_DATA = [
    CONFIGS / 'greenmim/swin_t_mask_rcnn_own_data.py',
    CONFIGS / 'hiera/hiera_t_mask_rcnn_own_data.py',
]
BENCHMARKS = sorted((CONFIGS / 'benchmarks').glob('*mask_rcnn*.py'))
SMALL_OWN_DATA = sorted(CONFIGS.glob('*/*_n_*_own_data.py'))
SMALL = [
    file
    for part in ('demo', 'cells', 'survey')
    for file in sorted((CONFIGS / part).glob('*_rcnn.py'))
]
RUNNABLE = [*PUBLISHED, *OWN_DATA, *SMALL_OWN_DATA, *SMALL]

# Name: arch, window, drop path, channels of the maps.
MASK_RCNN = {
    'swin_t_mask_rcnn_coco': ('tiny', 7, 0.2, [96, 192, 384, 768]),
    'swin_b_mask_rcnn_coco': ('base', 7, 0.3, [128, 256, 512, 1024]),
    'swin_l_mask_rcnn_coco': ('large', 14, 0.3, [192, 384, 768, 1536]),
    'swin_b_lsj_mask_rcnn_coco': ('base', 7, 0.3, [128, 256, 512, 1024]),
}


def stem(file):
    return file.stem


def build(cfg):
    init_default_scope('mmdet')
    with torch.device('meta'):
        return MODELS.build(cfg.model)


def without_packages(node):
    """The same with ``mmdet.Resize`` as ``Resize``, and without what only mmdet's own need."""
    if isinstance(node, dict):
        return {
            key: value.split('.')[-1] if key == 'type' else without_packages(value)
            for key, value in node.items()
            # Inside mmdet RandomResize and its kind take mmdet's Resize of themselves.
            if key not in ('backend_args', 'resize_type', '_scope_')
        }
    return [without_packages(each) for each in node] if isinstance(node, list | tuple) else node


def inherited(name):
    """A config of mmdet."""
    return Config.fromstring(f"_base_ = 'mmdet::{name}'", '.py')


@pytest.mark.parametrize('file', RUNNABLE, ids=stem)
class TestEveryDetector:
    def test_its_maps_fit_its_neck_and_its_schedule_ends_with_the_training(self, file):
        cfg = Config.fromfile(file)
        check_schedule(cfg.to_dict())
        check_num_classes(cfg.to_dict())
        model = build(cfg)
        if cfg.model.backbone.type == 'mmgreen.ViTDet':  # one map
            assert cfg.model.neck.in_channels == model.backbone.embed_dims
        else:
            assert list(cfg.model.neck.in_channels) == list(model.backbone.out_channels)
        if cfg.model.backbone.type == 'mmgreen.GreenSwin':
            rules = {key: cfg.model.backbone.get(key) for key in ('pad_small_map', 'mask_padding')}
            if any(rules.values()):
                # mmdet's rule, which its Swins are trained with, or that of a pretraining here.
                assert list(rules.values()) in ([True, None], [None, True], [False, True])
            else:  # nothing is padded
                assert cfg.size % (32 * cfg.model.backbone.window_size) == 0

    def test_other_projects_inherit_it_by_path_and_by_name(self, file, tmp_path):
        name = file.relative_to(CONFIGS).as_posix()
        (tmp_path / 'path.py').write_text(
            f"_base_ = [__import__('mmgreen').config_file({name!r})]\nwork_dir = 'out'\n"
        )
        (tmp_path / 'name.py').write_text(f"_base_ = 'mmgreen::{name}'\nwork_dir = 'out'\n")
        by_path, by_name = (Config.fromfile(tmp_path / f'{each}.py') for each in ('path', 'name'))
        assert by_path.to_dict() == {**Config.fromfile(file).to_dict(), 'work_dir': 'out'}
        build(by_name)

    def test_what_is_ours_is_named_with_the_package(self, file):
        cfg = Config.fromfile(file)
        assert cfg.default_scope == 'mmdet'
        nets = {'hiera': 'Hiera', 'twins': 'GreenTwins', 'swin': 'GreenSwin', 'vit': 'ViTDet'}
        net = nets[file.stem.split('_')[0]]
        assert cfg.model.backbone.type == f'mmgreen.{net}'
        if 'mask_rcnn' in file.stem:
            for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
                assert loader.dataset.type == 'mmgreen.CocoDataset'
            assert [each.type for each in cfg.custom_hooks] == [
                'mmgreen.SeedEachStep', 'mmgreen.StopOnNonFiniteLoss',
                'mmgreen.RunSummary', 'mmgreen.CheckNormalisation', 'mmgreen.DrawCurves',
                'mmdet.NumClassCheckHook',
            ]  # fmt: skip

    def test_its_head_says_how_to_run_it_and_what_to_expect(self, file):
        head = file.read_text().split('_base_ =')[0]
        assert 'python tools/train.py' in head or 'bash tools/dist_train.sh' in head
        if file in PUBLISHED:
            assert f'configs/{file.parent.name}/{file.name}' in head
            assert re.search(r'Batch: 8 GPUs x \d images', head)
            assert 'not run' in head and re.search('[Ss]core', head)


@pytest.mark.parametrize('file', BENCHMARKS, ids=stem)
def test_those_of_benchmarks_build(file, without_values):
    init_default_scope('mmdet')
    # mmdet's Swin cannot be built on the meta device.
    assert isinstance(MODELS.build(Config.fromfile(file).model), MaskRCNN)


class TestRecipes:
    @pytest.mark.parametrize('name', MASK_RCNN)
    def test_the_backbone(self, name):
        arch, window, drop_path, channels = MASK_RCNN[name]
        model = Config.fromfile(CONFIGS / f'greenmim/{name}.py').model
        backbone = model.backbone
        assert (backbone.arch, backbone.window_size) == (arch, window)
        assert (backbone.drop_path_rate, backbone.with_cp) == (drop_path, False)
        assert backbone.init_cfg == dict(type='Pretrained', checkpoint=None)
        assert model.neck.in_channels == channels

    def test_36_epochs_are_those_of_mmdet_for_swin(self):
        ours = Config.fromfile(CONFIGS / 'greenmim/swin_t_mask_rcnn_coco.py')
        host = inherited('swin/mask-rcnn_swin-t-p4-w7_fpn_ms-crop-3x_coco.py')
        assert ours.train_cfg.max_epochs == host.train_cfg.max_epochs == 36
        for read in (
            lambda cfg: cfg.train_dataloader.dataset.pipeline,
            lambda cfg: cfg.train_dataloader.dataset.filter_cfg,
            lambda cfg: cfg.train_dataloader.batch_size,
            lambda cfg: cfg.param_scheduler,
            lambda cfg: cfg.optim_wrapper.optimizer,
            lambda cfg: cfg.auto_scale_lr,
            lambda cfg: cfg.val_evaluator,
            lambda cfg: cfg.model.neck,
            lambda cfg: cfg.model.roi_head,
            lambda cfg: cfg.model.data_preprocessor,
        ):
            assert without_packages(read(ours)) == without_packages(read(host))

    def test_large_scale_jitter_is_that_of_mmdet_with_the_flip_first(self):
        cfg = Config.fromfile(CONFIGS / 'greenmim/swin_b_lsj_mask_rcnn_coco.py')
        host = inherited('common/lsj-100e_coco-instance.py')
        host = without_packages(host.train_dataloader.dataset.dataset.pipeline)
        flip = host.pop([each['type'] for each in host].index('RandomFlip'))
        host.insert(2, flip)
        ours = cfg.train_dataloader.dataset.pipeline
        assert without_packages(ours) == host
        assert (ours[3].scale, ours[4].crop_size) == ((1024, 1024), (1024, 1024))
        assert cfg.model.data_preprocessor.batch_augments[0].size == (1024, 1024)

    def test_50_epochs_of_64_images(self):
        cfg = Config.fromfile(CONFIGS / 'greenmim/swin_b_lsj_mask_rcnn_coco.py')
        assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 64
        steps = 50 * 118_000 / 64
        assert cfg.train_cfg.max_iters == pytest.approx(steps, rel=1e-3)
        warm_up, decay = cfg.param_scheduler
        assert (warm_up.begin, warm_up.end, warm_up.by_epoch) == (0, 250, False)
        # detectron2's schedule of 184,375 steps decays after 163,889 and 177,546.
        assert decay.milestones == pytest.approx([163889 / 2, 177546 / 2], abs=1)
        assert decay.end == cfg.train_cfg.max_iters
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.lr, optimizer.weight_decay, optimizer.betas) == (1e-4, 0.05, (0.9, 0.999))

    def test_heads_of_vitdet(self):
        model = build(Config.fromfile(CONFIGS / 'greenmim/swin_b_lsj_mask_rcnn_coco.py'))
        assert len(model.rpn_head.rpn_conv) == 2
        box, mask = model.roi_head.bbox_head, model.roi_head.mask_head
        assert (len(box.shared_convs), len(box.shared_fcs), len(mask.convs)) == (4, 1, 4)
        normed = [*box.shared_convs, *mask.convs, *model.neck.lateral_convs, *model.neck.fpn_convs]
        for layer in normed:
            assert isinstance(layer.norm, LayerNorm2d) and layer.norm.eps == 1e-6
            assert layer.conv.bias is None


# Name: arch, drop path, layer decay, parameters of the whole in millions (arXiv 2203.16527, tables
# 9 and 11).
VITDET = {
    'vit_b_mask_rcnn_coco': ('base', 0.1, 0.7, 111),
    'vit_l_mask_rcnn_coco': ('large', 0.4, 0.8, 331),
}


@pytest.mark.parametrize('name', VITDET)
def test_vitdets_recipe_is_the_published_one(name):
    cfg = Config.fromfile(CONFIGS / f'vitdet/{name}.py')
    arch, drop_path, decay, millions = VITDET[name]
    backbone, optimizer = cfg.model.backbone, cfg.optim_wrapper.optimizer
    assert (backbone.arch, backbone.drop_path_rate) == (arch, drop_path)
    assert (optimizer.lr, optimizer.weight_decay) == (1e-4, 0.1)
    assert cfg.optim_wrapper.paramwise_cfg.layer_decay_rate == decay
    assert cfg.train_cfg.max_iters == pytest.approx(100 * 118_000 / 64, rel=1e-3)
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 64
    model = build(cfg)
    assert [layer.window_size for layer in model.backbone.layers].count(0) == 4
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(millions, rel=0.01)


# Name: arch, drop path, global blocks, rate (arXiv 2306.00989, table 15; SAM 2's blocks), and the
# parameters of the whole in millions, as the paper's table 10 has them.
HIERA = {
    'hiera_t_mask_rcnn_coco': ('tiny', 0.1, (5, 7, 9), 3.5e-5, None),
    'hiera_s_mask_rcnn_coco': ('small', 0.1, (7, 10, 13), 3.5e-5, None),
    'hiera_b_mask_rcnn_coco': ('base', 0.2, (12, 16, 20), 3.5e-5, 73),
    'hiera_b_plus_mask_rcnn_coco': ('base_plus', 0.2, (12, 16, 20), 3.5e-5, 92),
    'hiera_l_mask_rcnn_coco': ('large', 0.4, (23, 33, 43), 3e-5, 236),
}


@pytest.mark.parametrize('name', HIERA)
def test_hieras_recipe_is_the_published_one(name):
    cfg = Config.fromfile(CONFIGS / f'hiera/{name}.py')
    arch, drop_path, blocks, rate, millions = HIERA[name]
    backbone, optimizer = cfg.model.backbone, cfg.optim_wrapper.optimizer
    assert (backbone.arch, backbone.drop_path_rate) == (arch, drop_path)
    assert tuple(backbone.global_blocks) == blocks
    assert tuple(backbone.window_sizes) == (8, 4, 16, 8)
    assert (optimizer.lr, optimizer.weight_decay) == (rate, 0.1)
    assert cfg.optim_wrapper.paramwise_cfg.layer_decay_rate == 1.0
    assert cfg.train_cfg.max_iters == pytest.approx(100 * 118_000 / 64, rel=1e-3)
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 64
    if millions:
        count = sum(parameter.numel() for parameter in build(cfg).parameters())
        assert count / 1e6 == pytest.approx(millions, rel=0.01)


@pytest.mark.parametrize('size', ['t', 's', 'b_plus', 'l'])
def test_abs_win_differs_in_its_tables_and_has_the_windows_of_sam_2(size):
    plain, abs_win = (
        Config.fromfile(CONFIGS / f'hiera/hiera_{size}{variant}_mask_rcnn_coco.py').to_dict()
        for variant in ('', '_abs_win')
    )
    backbone = abs_win['model']['backbone']
    assert (backbone.pop('pos_embed'), backbone.pop('global_pos_size')) == (
        'abs_win', 14 if size == 'b_plus' else 7,
    )  # fmt: skip
    windows = tuple(backbone.pop('window_sizes'))
    assert windows == ((8, 4, 16, 8) if size == 'l' else (8, 4, 14, 7))
    del plain['model']['backbone']['window_sizes']
    assert abs_win == plain


@pytest.mark.parametrize('file', OWN_DATA, ids=stem)
class TestOwnData:
    def test_it_is_short(self, file):
        assert len(file.read_text().splitlines()) <= 40

    def test_size_and_number_of_objects_are_set_everywhere(self, file, tmp_path):
        cfg = copy_starter(file, tmp_path, image_size=320, max_per_image=700)
        train, test = (cfg[f'{part}_dataloader'].dataset.pipeline for part in ('train', 'test'))
        assert train[2].scale == train[3].crop_size == test[1].scale == (320, 320)
        assert cfg.val_dataloader.dataset.pipeline == test
        limits = cfg.model.test_cfg
        assert limits.rcnn.max_per_img == 700
        assert limits.rpn.max_per_img == limits.rpn.nms_pre == 1400
        assert cfg.test_evaluator.max_per_image == cfg.val_evaluator.max_per_image == 700
        assert cfg.test_evaluator.type == 'mmgreen.CocoMetric'
        plain = copy_starter(file, tmp_path).model.test_cfg
        assert plain.rpn.max_per_img == 1000 and plain.rcnn.max_per_img == 100

    def test_everything_follows_from_the_values_at_the_top(self, file, tmp_path):
        train = dict(ann_file='a.json', data_prefix=dict(img='b'))
        val = dict(ann_file='c.json', data_prefix=dict(img='d'))
        cfg = copy_starter(
            file,
            tmp_path,
            data_root='/data/',
            train=train,
            val=val,
            classes=('x', 'y', 'z'),
            epochs=7,
            batch_size=4,
            start_from='some.pth',
        )
        check_schedule(cfg.to_dict())
        check_num_classes(cfg.to_dict())
        heads = cfg.model.roi_head
        assert heads.bbox_head.num_classes == heads.mask_head.num_classes == 3
        assert cfg.model.backbone.init_cfg.checkpoint == 'some.pth'
        dataset = cfg.train_dataloader.dataset
        assert (dataset.data_root, dataset.metainfo.classes) == ('/data/', ('x', 'y', 'z'))
        assert (dataset.ann_file, dataset.data_prefix) == ('a.json', dict(img='b'))
        for loader in (cfg.val_dataloader, cfg.test_dataloader):
            assert (loader.dataset.ann_file, loader.dataset.data_prefix) == ('c.json', {'img': 'd'})
            assert loader.dataset.metainfo.classes == ('x', 'y', 'z')
        assert cfg.val_evaluator.ann_file == cfg.test_evaluator.ann_file == '/data/c.json'
        assert cfg.train_dataloader.batch_size == 4 and cfg.auto_scale_lr.enable
        assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].end == 7

    @pytest.mark.parametrize('with_masks', [True, False])
    def test_boxes_without_masks_by_one_value(self, file, tmp_path, with_masks):
        cfg = copy_starter(file, tmp_path, with_masks=with_masks)
        model = build(cfg)
        assert model.roi_head.with_mask == with_masks
        assert cfg.val_evaluator.metric == (['bbox', 'segm'] if with_masks else ['bbox'])
        loads = cfg.train_dataloader.dataset.pipeline[1]
        assert loads.get('with_mask', False) == with_masks

    def test_nothing_is_loaded_if_no_checkpoint_is_given(self, file, tmp_path):
        assert copy_starter(file, tmp_path).model.backbone.init_cfg.checkpoint is None


class TestTheMethodsFolder:
    def test_the_readme_has_a_row_for_each_config(self):
        for file in [*PUBLISHED, *OWN_DATA, *SMALL_OWN_DATA]:
            rows = (file.parent / 'README.md').read_text()
            assert f'| [{file.stem}]({file.name})' in rows

    def test_the_metafile_has_an_entry_for_each_published_config(self, without_values):
        for file in PUBLISHED:
            cfg, metafile = Config.fromfile(file), metafile_of(file.parent)
            (collection,) = metafile['Collections']
            each = {Path(each['Config']).name: each for each in metafile['Models']}[file.name]
            assert each['In Collection'] == collection['Name'] and each['Weights'] is None
            assert each['Metadata']['Batch Size'] == cfg.auto_scale_lr.base_batch_size
            count = sum(parameter.numel() for parameter in build(cfg).parameters())
            assert each['Metadata']['Parameters'] == pytest.approx(count, rel=2e-3)
