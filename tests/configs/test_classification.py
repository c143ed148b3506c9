"""Every config of a classifier: parses, builds, says what it is, and holds the published recipe."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from reference_configs import copy_starter, metafile_of
from repository import ROOT

from mmgreen.engine.schedules import check_schedule

CONFIGS = ROOT / 'configs'
PUBLISHED = [
    file
    for method in ('greenmim', 'hiera')
    for file in sorted((CONFIGS / method).glob('*_finetune.py'))
]
OWN_DATA = CONFIGS / 'hiera/hiera_t_finetune_own_data.py'

# Name: arch, channels, rate for 1024 images, epochs, warm-up, drop path, layer decay, and the
# parameters of the whole in millions (arXiv 2306.00989, tables 8 and 14b, as timm counts them;
# GreenMIM's README and scripts).
RECIPES = {
    'hiera_t_finetune': ('tiny', 768, 2e-3, 300, 5, 0.1, 0.65, 27.91),
    'hiera_s_finetune': ('small', 768, 2e-3, 200, 5, 0.1, 0.65, 35.01),
    'hiera_b_finetune': ('base', 768, 2e-3, 100, 5, 0.1, 0.7, 51.52),
    'hiera_b_plus_finetune': ('base_plus', 896, 1e-3, 100, 5, 0.1, 0.7, 69.90),
    'hiera_l_finetune': ('large', 1152, 1e-3, 50, 5, 0.1, 0.85, 213.74),
    'hiera_h_finetune': ('huge', 2048, 1e-3, 50, 5, 0.3, 0.85, 672.78),
    'swin_t_finetune': ('tiny', 768, 2.5e-3, 100, 20, 0.1, 0.9, 28.29),
    'swin_b_finetune': ('base', 1024, 2.5e-3, 100, 20, 0.1, 0.9, 87.77),
    'twins_svt_s_finetune': ('svt_small', 512, 2.5e-3, 100, 20, 0.1, 0.9, 24.06),
    'twins_svt_b_finetune': ('svt_base', 768, 2.5e-3, 100, 20, 0.1, 0.9, 56.07),
    'twins_svt_l_finetune': ('svt_large', 1024, 2.5e-3, 100, 20, 0.3, 0.9, 99.27),
    'twins_pcpvt_s_finetune': ('pcpvt_small', 512, 2.5e-3, 100, 20, 0.1, 0.9, 24.11),
    'twins_pcpvt_b_finetune': ('pcpvt_base', 512, 2.5e-3, 100, 20, 0.1, 0.9, 43.83),
    'twins_pcpvt_l_finetune': ('pcpvt_large', 512, 2.5e-3, 100, 20, 0.3, 0.9, 60.99),
    'swin_l_w14_finetune': ('large', 1536, 2e-3, 100, 20, 0.3, 0.8, 196.85),
}


def stem(file):
    return file.stem


def build(cfg):
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        return MODELS.build(cfg.model)


def test_there_is_a_recipe_for_each():
    assert {file.stem for file in PUBLISHED} == set(RECIPES)


@pytest.mark.parametrize('file', PUBLISHED, ids=stem)
class TestEveryClassifier:
    def test_the_recipe_is_the_published_one(self, file):
        cfg = Config.fromfile(file)
        arch, channels, rate, epochs, warm_up, drop_path, decay, millions = RECIPES[file.stem]
        check_schedule(cfg.to_dict())
        backbone = cfg.model.backbone
        assert (backbone.arch, backbone.drop_path_rate) == (arch, drop_path)
        assert backbone.init_cfg == dict(type='Pretrained', checkpoint=None)
        assert cfg.model.head.in_channels == channels
        assert cfg.model.head.num_classes == cfg.model.data_preprocessor.num_classes == 1000
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('AdamW', rate, 0.05)
        assert cfg.optim_wrapper.paramwise_cfg.layer_decay_rate == decay
        assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].end == epochs
        assert cfg.param_scheduler[0].end == cfg.param_scheduler[1].begin == warm_up
        assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 1024
        assert cfg.model.head.loss.label_smooth_val == 0.1
        mixup, cutmix = cfg.model.train_cfg.augments
        assert (mixup.type, mixup.alpha) == ('mmpretrain.Mixup', 0.8)
        assert (cutmix.type, cutmix.alpha) == ('mmpretrain.CutMix', 1.0)
        count = sum(parameter.numel() for parameter in build(cfg).parameters())
        assert count / 1e6 == pytest.approx(millions, abs=0.006)

    def test_its_head_says_how_to_run_it_and_what_to_expect(self, file):
        head = file.read_text().split('_base_ =')[0]
        assert f'bash tools/dist_train.sh configs/{file.parent.name}/{file.name}' in head
        assert 'Batch: 8 GPUs x 128 images' in head
        assert 'not run by us' in head and 'Score' in head

    def test_other_projects_inherit_it_by_path_and_by_name(self, file, tmp_path):
        name = file.relative_to(CONFIGS).as_posix()
        (tmp_path / 'path.py').write_text(
            f"_base_ = [__import__('mmgreen').config_file({name!r})]\nwork_dir = 'out'\n"
        )
        (tmp_path / 'name.py').write_text(f"_base_ = 'mmgreen::{name}'\nwork_dir = 'out'\n")
        by_path, by_name = (Config.fromfile(tmp_path / f'{each}.py') for each in ('path', 'name'))
        assert by_path.to_dict() == {**Config.fromfile(file).to_dict(), 'work_dir': 'out'}
        build(by_name)


def test_rates_of_hiera_rise_layer_by_layer():
    cfg = Config.fromfile(CONFIGS / 'hiera/hiera_t_finetune.py')
    model = build(cfg)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).param_groups
    rates = {
        name: (group['lr'], group['weight_decay'])
        for name, parameter in model.named_parameters()
        for group in groups
        if any(parameter is each for each in group['params'])
    }
    # 12 blocks: the first have depth 1, and the last has the full rate as all behind it.
    for name, power, decay in (
        ('backbone.pos_embed', 12, 0.0),
        ('backbone.patch_embed.proj.weight', 12, 0.05),
        ('backbone.blocks.0.attn.qkv.weight', 11, 0.05),
        ('backbone.blocks.0.norm1.weight', 11, 0.0),
        ('backbone.blocks.11.mlp.fc1.weight', 0, 0.05),
        ('neck.norm.weight', 0, 0.0),
        ('head.fc.weight', 0, 0.05),
        ('head.fc.bias', 0, 0.0),
    ):
        assert rates[name] == pytest.approx((2e-3 * 0.65**power, decay)), name


class TestOwnData:
    def test_it_is_short(self):
        assert len(OWN_DATA.read_text().splitlines()) < 30

    def test_everything_follows_from_the_values_at_the_top(self, tmp_path):
        cfg = copy_starter(
            OWN_DATA,
            tmp_path,
            train_root='a',
            val_root='b',
            classes=('x', 'y', 'z'),
            epochs=30,
            warmup=3,
            batch_size=16,
            num_gpus=2,
            start_from='some.pth',
        )
        check_schedule(cfg.to_dict())
        assert cfg.model.head.num_classes == cfg.model.data_preprocessor.num_classes == 3
        assert cfg.model.backbone.init_cfg == dict(type='Pretrained', checkpoint='some.pth')
        datasets = [cfg[f'{name}_dataloader'].dataset for name in ('train', 'val', 'test')]
        assert [each.data_root for each in datasets] == ['a', 'b', 'b']
        assert all(each.metainfo.classes == ('x', 'y', 'z') for each in datasets)
        assert cfg.val_evaluator.topk == cfg.test_evaluator.topk == (1,)
        assert cfg.optim_wrapper.optimizer.lr == pytest.approx(2e-3 * 32 / 1024)
        assert cfg.auto_scale_lr.base_batch_size == 32
        warm_up, cosine = cfg.param_scheduler
        assert (warm_up.end, cosine.begin, cosine.T_max, cosine.end) == (3, 3, 27, 30)
        assert cfg.train_cfg.max_epochs == 30


class TestTheMethodsFolder:
    def test_the_readme_has_a_row_for_each_config(self):
        for file in [*PUBLISHED, OWN_DATA]:
            assert f'| [{file.stem}]({file.name})' in (file.parent / 'README.md').read_text()

    def test_the_metafile_has_an_entry_for_each_published_config(self, without_values):
        for file in PUBLISHED:
            metafile = metafile_of(file.parent)
            (collection,) = metafile['Collections']
            each = {Path(each['Config']).name: each for each in metafile['Models']}[file.name]
            assert each['In Collection'] == collection['Name'] and each['Weights'] is None
            count = sum(
                parameter.numel() for parameter in build(Config.fromfile(file)).parameters()
            )
            assert each['Metadata']['Parameters'] == pytest.approx(count, rel=2e-3)
