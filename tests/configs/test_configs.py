"""Every config of a pretraining parses, builds and says what it is, as do the methods' folders."""

import ast
import re
from pathlib import Path

import mmengine.runner  # noqa: F401  (registers what mmengine has)
import pytest
import torch
from mmengine.config import Config
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
from reference_configs import metafile_of
from repository import ROOT

from mmgreen.engine.schedules import check_schedule
from mmgreen.models import MaskedAutoencoder
from mmgreen.registry import DATASETS, MODELS

CONFIGS = ROOT / 'configs'
METHODS = ('greenmim', 'hiera', 'mae', 'simmim')
PRETRAINING = [
    file
    for method in METHODS
    for file in sorted((CONFIGS / method).glob('*_pretrain*.py'))
    if '_video_' not in file.name  # test_video.py
]
PUBLISHED = [file for file in PRETRAINING if 'own_images' not in file.name]
SMALL = [
    file
    for part in ('demo', 'cells', 'survey')
    for file in sorted((CONFIGS / part).glob('*_pretrain.py'))
    if '_video_' not in file.name
]
RUNNABLE = [*PRETRAINING, *SMALL]
FRAGMENTS = sorted((CONFIGS / '_base_').glob('*.py'))


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


@pytest.mark.usefixtures('without_values')
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


def test_validation_is_not_part_of_the_training():
    for file in PUBLISHED:
        cfg = Config.fromfile(file)
        assert 'val_dataloader' not in cfg and cfg.test_dataloader.dataset.data_root


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

    def test_the_metafile_has_an_entry_for_each_published_config(self, without_values):
        for file in PUBLISHED:
            metafile = metafile_of(file.parent)
            (collection,) = metafile['Collections']
            each = {Path(each['Config']).name: each for each in metafile['Models']}[file.name]
            assert each['In Collection'] == collection['Name'] and each['Weights'] is None
            backbone = build(Config.fromfile(CONFIGS.parent / each['Config']).model.backbone)
            count = sum(parameter.numel() for parameter in backbone.parameters())
            assert each['Metadata']['Parameters'] == pytest.approx(count, rel=2e-3)
