"""Every config for clips: parses, builds, says what it is, and holds the published numbers."""

import re

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from reference_configs import copy_starter
from repository import ROOT

from mmgreen.analysis.flops import count_macs
from mmgreen.engine.schedules import check_schedule

HIERA = ROOT / 'configs/hiera'
FILES = sorted(HIERA.glob('*_video_*.py'))
PUBLISHED = [file for file in FILES if 'own_clips' not in file.name]
DEMO = sorted((ROOT / 'configs/demo').glob('*_video_*.py'))
OWN = [file for file in FILES if 'own_clips' in file.name]
# arXiv 2306.00989, table 11: arch, width, drop path; rate and drop path of the pretraining, then
# rate, epochs, layer decay of the fine-tuning, and parameters as table 4 has them (millions).
SIZES = {
    'b': ('base', 96, 0.1, 8e-4, 0.2, 8e-4, 150, 0.8, 51),
    'b_plus': ('base_plus', 112, 0.2, 8e-4, 0.2, 8e-4, 150, 0.8, 69),
    'l': ('large', 144, 0.2, 8e-4, 0.2, 8e-4, 100, 0.875, 213),
    'h': ('huge', 256, 0.3, 3.2e-4, 0.3, 4e-4, 100, 0.875, 672),
}


def build(cfg):
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        return MODELS.build(cfg.model)


@pytest.mark.parametrize('file', [*FILES, *DEMO], ids=lambda file: file.stem)
def test_it_builds_and_its_schedule_ends_with_the_training(file):
    cfg = Config.fromfile(file)
    check_schedule(cfg.to_dict())
    build(cfg)
    listed = (HIERA / 'README.md').read_text()
    assert file.name in listed or '_finetune_' in file.name or file in DEMO


@pytest.mark.parametrize('file', PUBLISHED, ids=lambda file: file.stem)
def test_its_head_says_how_to_run_it_and_what_to_expect(file):
    head = file.read_text().split('_base_ =')[0]
    assert f'bash tools/dist_train.sh configs/hiera/{file.name}' in head
    assert re.search(r'Batch: 8 GPUs x 16 videos x [24] clips', head)
    assert re.search(r'not[\s#]+run[\s#]+by us', head) and 'quoted from the paper' in head


@pytest.mark.parametrize('size', SIZES)
def test_the_recipe_of_the_pretraining_is_the_published_one(size):
    cfg = Config.fromfile(HIERA / f'hiera_{size}_video_pretrain_k400.py')
    arch, width, drop_path, rate, *_ = SIZES[size]
    backbone, neck = cfg.model.backbone, cfg.model.neck
    assert (backbone.arch, backbone.drop_path_rate, backbone.q_pool) == (arch, drop_path, 2)
    assert backbone.img_size == neck.img_size == (16, 224, 224)
    assert list(neck.in_channels) == [width * 2**stage for stage in range(4)]
    assert (neck.depth, neck.num_heads, cfg.model.mask_ratio) == (8, 8, 0.9)
    assert cfg.model.head.order == 'hwc'  # of clips, unlike images: the official decoders' order
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay, optimizer.betas) == (rate, 0.05, (0.9, 0.95))
    read, each, _ = cfg.train_dataloader.dataset.pipeline
    assert (read.num_frames, read.stride, read.num_clips) == (16, 4, 4)
    assert each.transforms[0].crop_ratio_range == (0.5, 1.0)
    clips = read.num_clips
    assert cfg.train_dataloader.batch_size * 8 * clips == 512 == cfg.auto_scale_lr.base_batch_size
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.end * clips, cosine.end * clips) == (120, 3200)


@pytest.mark.parametrize('size', SIZES)
def test_the_recipe_of_the_fine_tuning_is_the_published_one(size):
    cfg = Config.fromfile(HIERA / f'hiera_{size}_video_finetune_k400.py')
    arch, _, _, _, drop_path, rate, epochs, decay, millions = SIZES[size]
    assert (cfg.model.backbone.arch, cfg.model.backbone.drop_path_rate) == (arch, drop_path)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('AdamW', rate, 0.05)
    assert cfg.optim_wrapper.paramwise_cfg.layer_decay_rate == decay
    assert cfg.optim_wrapper.clip_grad.max_norm == 5
    assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].end == epochs
    assert cfg.param_scheduler[0].end == cfg.param_scheduler[1].begin == 10
    read, each, _ = cfg.train_dataloader.dataset.pipeline
    assert cfg.train_dataloader.batch_size * 8 * read.num_clips == 256
    augment = each.transforms[2]
    assert (augment.magnitude_level, augment.magnitude_std) == (7, 0.5)
    views, crops = cfg.tta_pipeline[0], cfg.tta_pipeline[2]
    assert (views.num_clips, views.spread, crops.num_crops) == (5, True, 3)
    count = sum(each.numel() for each in build(cfg).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=1)


def test_histograms_are_predicted_by_one_option():
    cfg = Config.fromfile(HIERA / 'hiera_b_video_pretrain_k400.py')
    cfg.merge_from_dict({'model.head.target': 'hog'})
    assert build(cfg).neck.pred.out_features == 3 * 9 * 4  # colours, directions, cells of a patch


COSTS = {'b': 102, 'b_plus': 133, 'l': 413, 'h': 1159}


@pytest.mark.parametrize('size', COSTS)
def test_a_clip_costs_the_published_multiply_adds(size):
    """arXiv 2306.00989, table 4, in billions, counted as fvcore does: 5 a value of a LayerNorm."""
    model = build(Config.fromfile(HIERA / f'hiera_{size}_video_finetune_k400.py')).eval()
    normed = []
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.register_forward_hook(lambda _, inputs, out: normed.append(out.numel()))
    clip = torch.empty(1, 3, 16, 224, 224, device='meta')
    macs = count_macs(lambda: model(clip, mode='tensor'))
    assert round((macs + 5 * sum(normed)) / 1e9) == COSTS[size]


@pytest.mark.parametrize('number', [600, 700])
@pytest.mark.parametrize('size', ['l', 'h'])
def test_larger_kinetics_differ_in_classes_and_data_alone(size, number):
    four, more = (
        Config.fromfile(HIERA / f'hiera_{size}_video_finetune_k{each}.py').to_dict()
        for each in (400, number)
    )
    assert more['model']['head']['num_classes'] == number
    for part in ('train', 'val', 'test'):
        dataset = more[f'{part}_dataloader']['dataset']
        assert dataset['data_root'] == f'data/kinetics{number}'
    assert more['optim_wrapper'] == four['optim_wrapper']


def test_something_something_is_not_flipped_and_read_whole():
    cfg = Config.fromfile(HIERA / 'hiera_l_video_finetune_ssv2.py')
    _, each, _ = cfg.train_dataloader.dataset.pipeline
    kinds = [one.type for one in each.transforms]
    assert [each.split('.')[-1] for each in kinds] == [
        'RandomResizedCrop',
        'RandAugment',
        'RandomErasing',
    ]
    assert cfg.optim_wrapper.optimizer == dict(type='SGD', lr=0.16, momentum=0.9, weight_decay=1e-4)
    assert (cfg.train_cfg.max_epochs, cfg.model.head.num_classes) == (40, 174)
    for pipeline in (cfg.train_dataloader.dataset.pipeline, cfg.tta_pipeline):
        assert pipeline[0].stride is None


@pytest.mark.parametrize('file', OWN, ids=lambda file: file.stem)
class TestOwnClips:
    def test_it_is_short(self, file):
        assert len(file.read_text().splitlines()) < 30

    def test_everything_follows_from_the_values_at_the_top(self, file, tmp_path):
        values = dict(batch_size=4, num_gpus=2, start_from='some.pth')
        is_pretraining = 'pretrain' in file.name
        more = (
            dict(data_root='/v', held_out=7)
            if is_pretraining
            else dict(classes=('x', 'y', 'z'), flip=0.25)
        )
        cfg = copy_starter(file, tmp_path, **values, **more)
        check_schedule(cfg.to_dict())
        clips, batch = (4, 512) if is_pretraining else (2, 256)
        assert cfg.auto_scale_lr.base_batch_size == 4 * 2 * clips
        assert cfg.optim_wrapper.optimizer.lr == pytest.approx(8e-4 * 4 * 2 * clips / batch)
        assert cfg.model.backbone.init_cfg == dict(type='Pretrained', checkpoint='some.pth')
        parts = [cfg[f'{name}_dataloader'].dataset for name in ('train', 'val')]
        if is_pretraining:
            assert [(each.data_root, each.held_out, each.part) for each in parts] == [
                ('/v', 7, 'training'),
                ('/v', 7, 'held_out'),
            ]
        else:
            assert cfg.model.head.num_classes == 3 == cfg.model.data_preprocessor.num_classes
            assert parts[0].pipeline[1].transforms[1] == dict(
                type='mmcv.transforms.RandomFlip', prob=0.25
            )
            assert [each.metainfo.classes for each in parts] == [('x', 'y', 'z')] * 2
