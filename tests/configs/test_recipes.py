"""Pretraining configs hold what was published: every number of the papers and official scripts."""

import re
import shlex
from argparse import ArgumentParser

import pytest
import torch
from mmengine.config import Config, DictAction
from repository import ROOT

from mmgreen.apis.training import configure_training
from mmgreen.registry import MODELS

CONFIGS = ROOT / 'configs'
GREENMIM = sorted((CONFIGS / 'greenmim').glob('swin_*_pretrain.py'))
TWINS = sorted((CONFIGS / 'greenmim').glob('twins_*_pretrain.py'))
HIERA = sorted((CONFIGS / 'hiera').glob('*_pretrain.py'))

# Name: arch, window, channels of the last stage, rate for 2048 images (1.5e-4 or 1e-4 for 256).
RECIPES = {
    'swin_t_pretrain': ('tiny', 7, 768, 1.2e-3),
    'swin_s_pretrain': ('small', 7, 768, 1.2e-3),
    'swin_b_pretrain': ('base', 7, 1024, 1.2e-3),
    'swin_b_w14_pretrain': ('base', 14, 1024, 1.2e-3),
    'swin_l_pretrain': ('large', 7, 1536, 8e-4),
    'swin_l_w14_pretrain': ('large', 14, 1536, 8e-4),
}


# Name: arch, drop path, channels of the stages (arXiv 2306.00989, tables 2 and 14a).
HIERA_RECIPES = {
    'hiera_t_pretrain': ('tiny', 0.0, 96),
    'hiera_s_pretrain': ('small', 0.0, 96),
    'hiera_b_pretrain': ('base', 0.2, 96),
    'hiera_b_plus_pretrain': ('base_plus', 0.2, 112),
    'hiera_l_pretrain': ('large', 0.2, 144),
    'hiera_h_pretrain': ('huge', 0.3, 256),
}


@pytest.mark.parametrize('file', HIERA, ids=lambda file: file.stem)
def test_hieras_recipe_is_the_published_one(file):
    cfg = Config.fromfile(file)
    arch, drop_path, channels = HIERA_RECIPES[file.stem]
    backbone, neck, head = cfg.model.backbone, cfg.model.neck, cfg.model.head
    assert (backbone.arch, backbone.drop_path_rate, backbone.q_pool) == (arch, drop_path, 2)
    assert list(neck.in_channels) == [channels * 2**stage for stage in range(4)]
    assert (neck.embed_dim, neck.depth, neck.num_heads) == (512, 8, 16)
    assert (neck.patch_size, neck.pos_embed, tuple(neck.fused_stages)) == (
        16,
        'learned',
        (0, 1, 2, 3),
    )
    assert (head.target, head.patch_size, head.order) == ('norm_pixel', 16, 'chw')
    assert (cfg.model.mask_ratio, cfg.model.shared_mask) == (0.6, False)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, tuple(optimizer.betas)) == ('AdamW', (0.9, 0.95))
    assert (optimizer.lr, optimizer.weight_decay) == (8e-4, 0.05)
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.end, cosine.begin, cosine.end, cosine.eta_min) == (40, 40, 1600, 0)
    loader = cfg.train_dataloader
    assert loader.batch_size * 8 == cfg.auto_scale_lr.base_batch_size == 4096
    crop = loader.dataset.pipeline[1]
    assert (crop.scale, crop.crop_ratio_range, crop.interpolation) == (224, (0.2, 1), 'bicubic')


@pytest.mark.parametrize('file', GREENMIM, ids=lambda file: file.stem)
def test_greenmims_recipe_is_the_published_one(file):
    cfg = Config.fromfile(file)
    arch, window, channels, rate = RECIPES[file.stem]
    backbone, neck, head = cfg.model.backbone, cfg.model.neck, cfg.model.head
    assert (backbone.arch, backbone.window_size, backbone.norm_eps) == (arch, window, 1e-6)
    assert (backbone.drop_path_rate, backbone.img_size) == (0.0, 224)
    assert (neck.in_channels, neck.embed_dim, neck.depth, neck.num_heads) == (channels, 512, 1, 16)
    assert (head.target, head.order) == ('norm_pixel', 'hwc')
    assert (cfg.model.mask_ratio, cfg.model.shared_mask) == (0.75, True)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, tuple(optimizer.betas)) == ('AdamW', (0.9, 0.95))
    assert (optimizer.lr, optimizer.weight_decay) == (rate, 0.05)
    assert 'clip_grad' not in cfg.optim_wrapper
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.end, cosine.begin, cosine.end, cosine.eta_min) == (40, 40, 800, 0)
    assert cfg.train_cfg.max_epochs == 800
    loader = cfg.train_dataloader
    assert loader.batch_size * 8 == cfg.auto_scale_lr.base_batch_size == 2048
    crop, flip = loader.dataset.pipeline[1:3]
    assert (crop.scale, crop.crop_ratio_range, crop.interpolation) == (224, (0.2, 1), 'bicubic')
    assert flip.prob == 0.5


def test_maes_recipe_is_the_published_one():
    for name, arch, width in (('vit_b', 'base', 768), ('vit_l', 'large', 1024)):
        cfg = Config.fromfile(CONFIGS / f'mae/{name}_pretrain.py')
        backbone, neck, head = cfg.model.backbone, cfg.model.neck, cfg.model.head
        assert (backbone.arch, backbone.get('drop_path_rate', 0)) == (arch, 0)
        assert (neck.embed_dim, neck.decoder_embed_dim, neck.decoder_depth) == (width, 512, 8)
        assert (cfg.model.mask_ratio, head.norm_pix, head.loss.criterion) == (0.75, True, 'L2')
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.lr, optimizer.weight_decay) == (1.5e-4 * 4096 / 256, 0.05)
        assert tuple(optimizer.betas) == (0.9, 0.95)
        warm_up, cosine = cfg.param_scheduler
        assert (warm_up.end, cosine.begin, cosine.end, cosine.T_max) == (40, 40, 1600, 1560)
        assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 4096


def test_simmims_recipe_is_the_published_one():
    for name, arch, window in (('swin_b', 'base', 6), ('swin_l', 'large', 12)):
        cfg = Config.fromfile(CONFIGS / f'simmim/{name}_pretrain.py')
        backbone, head = cfg.model.backbone, cfg.model.head
        assert (backbone.arch, backbone.drop_path_rate, backbone.img_size) == (arch, 0, 192)
        assert backbone.stage_cfgs.block_cfgs.window_size == window
        assert (cfg.model.mask_ratio, head.loss.criterion) == (0.6, 'L1')
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.lr, optimizer.weight_decay) == (1e-4 * 2048 / 512, 0.05)
        assert tuple(optimizer.betas) == (0.9, 0.999)
        assert cfg.optim_wrapper.clip_grad.max_norm == 5
        warm_up, steps = cfg.param_scheduler
        assert (warm_up.end, steps.milestones, steps.gamma, steps.end) == (10, [700], 0.1, 800)
        assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 2048
        crop = cfg.train_dataloader.dataset.pipeline[1]
        assert (crop.scale, crop.crop_ratio_range) == (192, (0.67, 1))


@pytest.mark.parametrize('file', TWINS, ids=lambda file: file.stem)
def test_the_recipe_of_twins_is_that_of_the_official_script(file):
    cfg = Config.fromfile(file)
    _, kind, size, _ = file.stem.split('_')
    backbone = cfg.model.backbone
    full = {'s': 'small', 'b': 'base', 'l': 'large'}[size]
    assert (backbone.arch, backbone.drop_path_rate) == (f'{kind}_{full}', 0.0)
    assert backbone.qkv_bias and backbone.norm_after_stage == [False, False, False, True]
    assert backbone.get('norm_cfg', {}).get('eps', 1e-5) == (1e-6 if kind == 'pcpvt' else 1e-5)
    assert (cfg.model.mask_ratio, cfg.model.shared_mask) == (0.75, True)
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(1.5e-4 * 2048 / 256)
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.end, cosine.begin, cosine.end, cosine.T_max) == (40, 40, 100, 60)
    assert cfg.train_cfg.max_epochs == 100
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 2048


ABLATIONS = re.findall(
    r'^\| [^|]* \| `(model\.[^`]*)` \|', (CONFIGS / 'hiera/README.md').read_text(), flags=re.M
)


@pytest.mark.parametrize('words', ABLATIONS)
def test_each_ablation_of_hieras_readme_is_some_options_away(words, tmp_path):
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    options = parser.parse_args(['--cfg-options', *shlex.split(words)]).cfg_options
    file = str(CONFIGS / 'hiera/hiera_l_pretrain.py')
    cfg = configure_training(file, work_dir=str(tmp_path), cfg_options=options)
    with torch.device('meta'):
        MODELS.build(cfg.model)
    for name, value in options.items():
        assert _value(cfg, name) == value
    assert len(ABLATIONS) == 5


def _value(cfg, name):
    for key in name.split('.'):
        cfg = cfg[key]
    return cfg
