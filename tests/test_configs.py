"""Every config of a pretraining: parses, builds, says what it is, and holds what was published."""

import ast
import re
import shlex
from argparse import ArgumentParser
from pathlib import Path

import mmengine.runner  # noqa: F401  (registers what mmengine has)
import pytest
import torch
import yaml
from mmengine.config import Config, DictAction
from mmengine.optim import build_optim_wrapper
from mmengine.registry import (
    DATA_SAMPLERS,
    FUNCTIONS,
    HOOKS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    VISBACKENDS,
    WEIGHT_INITIALIZERS,
    init_default_scope,
)
from PIL import Image

from mmgreen.models import MaskedAutoencoder
from mmgreen.registry import DATASETS, MODELS
from mmgreen.running import configure_training
from mmgreen.schedule import check_schedule

CONFIGS = Path(__file__).resolve().parent.parent / 'configs'
METHODS = ('greenmim', 'hiera', 'mae', 'simmim')
PRETRAINING = [
    file for method in METHODS for file in sorted((CONFIGS / method).glob('*_pretrain*.py'))
]
PUBLISHED = [file for file in PRETRAINING if 'own_images' not in file.name]
GREENMIM = [
    file for file in PUBLISHED if file.parent.name == 'greenmim' and file.name.startswith('swin')
]
TWINS = [file for file in PUBLISHED if file.name.startswith('twins')]
HIERA = [file for file in PUBLISHED if file.parent.name == 'hiera']
OWN_IMAGES = [file for file in PRETRAINING if 'own_images' in file.name]
RUNNABLE = [*PRETRAINING, *sorted((CONFIGS / 'demo').glob('*_pretrain.py'))]
FRAGMENTS = sorted((CONFIGS / '_base_').glob('*.py'))

# Name: arch, window, channels of the last stage, rate for 2048 images (1.5e-4 or 1e-4 for 256).
RECIPES = {
    'swin_t_pretrain': ('tiny', 7, 768, 1.2e-3),
    'swin_s_pretrain': ('small', 7, 768, 1.2e-3),
    'swin_b_pretrain': ('base', 7, 1024, 1.2e-3),
    'swin_b_w14_pretrain': ('base', 14, 1024, 1.2e-3),
    'swin_l_pretrain': ('large', 7, 1536, 8e-4),
    'swin_l_w14_pretrain': ('large', 14, 1536, 8e-4),
}


def stem(file):
    return file.stem


def build(model):
    """Without memory, where it can be: mmpretrain's Swin reads numbers from tensors."""
    if 'SimMIM' in model.type:
        return MODELS.build(model)
    with torch.device('meta'):
        return MODELS.build(model)


def name_of(file):
    return file.relative_to(CONFIGS).as_posix()


def types_in(node):
    """Every ``type`` in nested dicts and lists."""
    if isinstance(node, dict):
        if 'type' in node:
            yield node['type']
        for key, child in node.items():
            if key != 'norm_cfg':  # mmpretrain's way to name a norm; no registry is asked
                yield from types_in(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from types_in(child)


@pytest.mark.parametrize('file', RUNNABLE, ids=stem)
class TestEveryConfig:
    def test_its_model_builds_and_its_schedule_ends_with_the_training(self, file):
        cfg = Config.fromfile(file)
        check_schedule(cfg.to_dict())
        model = build(cfg.model)
        if isinstance(model, MaskedAutoencoder):
            assert model.neck.embed.in_features == model.backbone.out_channels[-1]

    def test_other_projects_inherit_it_by_path_and_by_name(self, file, tmp_path):
        name = name_of(file)
        (tmp_path / 'path.py').write_text(
            f"_base_ = [__import__('mmgreen').config_file({name!r})]\nwork_dir = 'out'\n"
        )
        (tmp_path / 'name.py').write_text(f"_base_ = 'mmgreen::{name}'\nwork_dir = 'out'\n")
        by_path, by_name = (Config.fromfile(tmp_path / f'{each}.py') for each in ('path', 'name'))
        assert by_path.to_dict() == {**Config.fromfile(file).to_dict(), 'work_dir': 'out'}
        build(by_name.model)

    def test_no_type_depends_on_the_default_scope(self, file):
        cfg = Config.fromfile(file).to_dict()
        roots = (
            HOOKS, OPTIM_WRAPPERS, OPTIMIZERS, PARAM_SCHEDULERS, VISBACKENDS, WEIGHT_INITIALIZERS,
            FUNCTIONS, DATA_SAMPLERS,
        )  # fmt: skip
        for each in set(types_in(cfg)):
            package = each.split('.')[0]
            if package != each:
                assert package in ('mmgreen', 'mmpretrain', 'mmcv'), each
            else:
                assert any(each in root.module_dict for root in roots), each

    def test_its_head_says_how_to_run_it_and_what_to_expect(self, file):
        head = file.read_text().split('_base_ =')[0]
        assert 'python tools/train.py' in head or 'bash tools/dist_train.sh' in head
        assert '0x' not in head
        if file in PUBLISHED:
            assert f'configs/{name_of(file)}' in head
            batch = {'greenmim': 256, 'hiera': 512, 'mae': 512, 'simmim': 256}[file.parent.name]
            assert f'Batch: 8 GPUs x {batch} images' in head
            for word in ('Time', 'core'):
                assert word in head
            assert re.search(r'quoted from|[Oo]urs|not run by us', head)


@pytest.mark.parametrize('file', FRAGMENTS, ids=stem)
class TestFragments:
    def test_plain_assignments_only(self, file):
        tree = ast.parse(file.read_text())
        assert all(isinstance(each, ast.Assign) for each in tree.body)
        for word in ('_base_', '_delete_', '{{'):
            assert word not in file.read_text()

    def test_classic_and_lazy_configs_can_both_use_it(self, file, tmp_path):
        (tmp_path / 'classic.py').write_text(f'_base_ = [{str(file)!r}]\n')
        (tmp_path / 'lazy.py').write_text(
            'from mmengine.config import read_base\n'
            'with read_base():\n'
            f'    from mmgreen.configs._base_.{file.stem} import *\n'
        )
        classic, lazy = (Config.fromfile(tmp_path / f'{each}.py') for each in ('classic', 'lazy'))
        assert classic.to_dict() == lazy.to_dict()


# Name: arch, drop path, channels of the stages (arXiv 2306.00989, tables 2 and 14a).
HIERA_RECIPES = {
    'hiera_t_pretrain': ('tiny', 0.0, 96),
    'hiera_s_pretrain': ('small', 0.0, 96),
    'hiera_b_pretrain': ('base', 0.2, 96),
    'hiera_b_plus_pretrain': ('base_plus', 0.2, 112),
    'hiera_l_pretrain': ('large', 0.2, 144),
    'hiera_h_pretrain': ('huge', 0.3, 256),
}


@pytest.mark.parametrize('file', HIERA, ids=stem)
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


@pytest.mark.parametrize('file', GREENMIM, ids=stem)
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


@pytest.mark.parametrize('file', TWINS, ids=stem)
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


@pytest.mark.parametrize('file', OWN_IMAGES, ids=stem)
def test_what_has_no_weight_decay(file):
    cfg = Config.fromfile(file)
    model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    decay = {id(p): each['weight_decay'] for each in optimizer.param_groups for p in each['params']}
    for name, parameter in model.named_parameters():
        tables = ('bias_table', 'mask_token', 'pos_embed')
        without = parameter.ndim == 1 or name.endswith(tables)
        assert decay[id(parameter)] == (0 if without else 0.05), name
    assert len(decay) == len(list(model.parameters()))
    assert len({each['lr'] for each in optimizer.param_groups}) == 1


def test_validation_is_not_part_of_the_training():
    for file in PUBLISHED:
        cfg = Config.fromfile(file)
        assert 'val_dataloader' not in cfg and cfg.test_dataloader.dataset.data_root


@pytest.mark.parametrize('file', OWN_IMAGES, ids=stem)
class TestOwnImages:
    def copy(self, file, tmp_path, **values):
        """The starter, copied and with other values at its top."""
        text = file.read_text()
        for name, value in values.items():
            text, count = re.subn(rf'^{name} = [^#\n]*', f'{name} = {value!r}  ', text, flags=re.M)
            assert count == 1
        (tmp_path / 'mine.py').write_text(text)
        return Config.fromfile(tmp_path / 'mine.py')

    def test_it_is_short(self, file):
        assert len(file.read_text().splitlines()) <= 30

    def test_every_other_number_follows_from_the_values_at_the_top(self, file, tmp_path):
        cfg = self.copy(
            file, tmp_path, data_root='/photos', epochs=50, warmup=5, batch_size=64, num_gpus=2
        )
        check_schedule(cfg.to_dict())
        assert cfg.train_dataloader.dataset.data_root == '/photos'
        assert cfg.test_dataloader.dataset.data_root == '/photos'
        assert cfg.train_dataloader.batch_size == 64
        assert cfg.auto_scale_lr.base_batch_size == 128
        rate, of_batch = {'greenmim': (1.5e-4, 256), 'hiera': (8e-4, 4096)}[file.parent.name]
        assert cfg.optim_wrapper.optimizer.lr == pytest.approx(rate * 128 / of_batch)
        assert [(each.get('begin'), each.end) for each in cfg.param_scheduler] == [(0, 5), (5, 50)]
        assert cfg.train_cfg.max_epochs == 50

    @pytest.mark.parametrize('with_decoder', [False, True])
    def test_the_checkpoint_goes_to_the_encoder_or_to_the_whole_model(
        self, file, tmp_path, with_decoder
    ):
        cfg = self.copy(file, tmp_path, start_from='some.pth', with_decoder=with_decoder)
        start = cfg.model.init_cfg if with_decoder else cfg.model.backbone.init_cfg
        assert start == dict(type='Pretrained', checkpoint='some.pth')
        assert ('init_cfg' in cfg.model) == with_decoder

    def test_nothing_is_loaded_if_no_checkpoint_is_given(self, file, tmp_path):
        assert self.copy(file, tmp_path).model.backbone.init_cfg.checkpoint is None


class TestData:
    @pytest.fixture
    def images(self, tmp_path):
        for i, size in enumerate([(300, 200), (50, 400)]):
            Image.new('RGB', size, (255, 0, 0)).save(tmp_path / f'{i}.png')
        return tmp_path

    @pytest.mark.parametrize('section', ['train_dataloader', 'test_dataloader'])
    def test_a_sample_is_an_image_of_224_pixels_and_its_path(self, images, section):
        cfg = Config.fromfile(PUBLISHED[0])
        init_default_scope('mmpretrain')
        dataset = DATASETS.build({**cfg[section].dataset, 'data_root': str(images)})
        for i in range(2):
            sample = dataset[i]
            assert sample['inputs'].shape == (3, 224, 224)
            assert sample['inputs'].dtype == torch.uint8
            assert sample['data_samples'].img_path == str(images / f'{i}.png')

    def test_the_model_gets_red_first(self, images):
        cfg = Config.fromfile(PUBLISHED[0])
        init_default_scope('mmpretrain')
        dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'data_root': str(images)})
        preprocess = MODELS.build(cfg.model.data_preprocessor)
        batch = {'inputs': dataset[0]['inputs'][None], 'data_samples': []}
        pixel = preprocess(batch)['inputs'][0, :, 100, 100]
        assert torch.allclose(pixel, torch.tensor([2.2489, -2.0357, -1.8044]), atol=1e-3)


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


class TestTheMethodsFolder:
    @pytest.mark.parametrize('method', METHODS)
    def test_the_readmes_tables_of_configs_have_the_same_columns(self, method):
        lines = (CONFIGS / method / 'README.md').read_text().splitlines()
        heads = [line for line in lines if line.startswith('| config |')]
        columns = 'parameters | FLOPs | pretraining data | published score | our score'
        tables = 3 if method in ('greenmim', 'hiera') else 1
        assert heads == tables * [f'| config | {columns} | weights and their licence |']
        rows = [line for line in lines if line.startswith('| [')]
        assert {row.count('|') for row in rows} == {8}

    def test_the_readme_has_a_row_for_each_config(self):
        for file in PRETRAINING:
            rows = (file.parent / 'README.md').read_text()
            assert f'| [{file.stem}]({file.name})' in rows

    def test_the_metafile_has_an_entry_for_each_published_config(self):
        for file in PUBLISHED:
            metafile = yaml.safe_load((file.parent / 'metafile.yml').read_text())
            (collection,) = metafile['Collections']
            each = {Path(each['Config']).name: each for each in metafile['Models']}[file.name]
            assert each['In Collection'] == collection['Name'] and each['Weights'] is None
            backbone = build(Config.fromfile(CONFIGS.parent / each['Config']).model.backbone)
            count = sum(parameter.numel() for parameter in backbone.parameters())
            assert each['Metadata']['Parameters'] == pytest.approx(count, rel=2e-3)
