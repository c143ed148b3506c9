"""What tools/train.py makes of its arguments. Real processes are next door."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from reference_running import make_project

import mmgreen
from mmgreen.apis.training import configure_training, train


class TestTrainingConfig:
    def test_flags(self, here):
        cfg = configure_training(
            'tiny.py',
            work_dir='out',
            auto_scale_lr=True,
            persistent_workers=False,
            cfg_options={'optim_wrapper.accumulative_counts': 4, 'train_dataloader.batch_size': 1},
        )
        assert cfg.work_dir == 'out'
        assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=512)  # 2048 / 4
        assert not cfg.train_dataloader.persistent_workers
        assert cfg.train_dataloader.batch_size == 1

    def test_the_work_dir_is_named_after_the_config(self, here):
        assert configure_training('tiny.py').work_dir == 'work_dirs/tiny'

    def test_no_workers_means_none_that_persist(self, here):
        cfg = configure_training('tiny.py', cfg_options={'train_dataloader.num_workers': 0})
        assert not cfg.train_dataloader.persistent_workers

    def test_no_validation(self, here):
        config = Config.fromfile('tiny.py')
        config.val_dataloader, config.val_cfg = config.test_dataloader, {}
        config.val_evaluator = config.test_evaluator
        config.dump('validated.py')
        assert configure_training('validated.py').val_cfg.type == 'mmgreen.SampleValLoop'
        cfg = configure_training('validated.py', validate=False)
        assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None

    @pytest.mark.parametrize(
        ('options', 'scale'),
        [({}, 'dynamic'), ({'optim_wrapper.dtype': 'bfloat16'}, dict(enabled=False))],
    )
    def test_mixed_precision(self, here, monkeypatch, options, scale):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
        cfg = configure_training('tiny.py', amp=True, cfg_options=options)
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        assert cfg.optim_wrapper.loss_scale == scale

    @pytest.mark.parametrize('options', [{}, {'visualizer': dict(type='Visualizer')}])
    def test_tensorboard_comes_beside_our_own_files(self, here, options):
        cfg = configure_training('tiny.py', tensorboard=True, cfg_options=options)
        types = [each['type'] for each in cfg.visualizer.vis_backends]
        assert types == ['LocalVisBackend', 'TensorboardVisBackend']

    @pytest.mark.parametrize('options', [{}, {'optim_wrapper.dtype': 'bfloat16'}])
    def test_mixed_precision_on_a_cpu(self, here, monkeypatch, options):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        cfg = configure_training('tiny.py', amp=True, cfg_options=options)
        assert cfg.optim_wrapper.type == 'mmgreen.AmpOnCpuOptimWrapper'
        assert 'loss_scale' not in cfg.optim_wrapper

    @pytest.mark.parametrize(
        ('arguments', 'sentence'),
        [
            (dict(config='tinny.py'), 'There is no config tinny.py; its folder has tiny.py'),
            (dict(config=mmgreen.config_file('_base_/imagenet_mim_224.py')), 'has no model'),
            (dict(resume='gone.pth'), 'There is no checkpoint gone.pth'),
            (dict(amp=True, cfg_options={'optim_wrapper.dtype': 'float16'}), 'in bfloat16 only'),
            (dict(cfg_options={'optim_wrapper.dtype': 'bfloat16'}), 'together with --amp'),
            (dict(cfg_options={'model.backbone.window': 14}), 'model.backbone.window_size?'),
            (dict(cfg_options={'custom_hooks.9.interval': 1}), 'do not fit the config'),
            (dict(cfg_options={'train_cfg.max_epochs': 50}), 'ends at epoch 3 and the training at'),
        ],
    )
    def test_what_cannot_work_is_one_sentence(self, here, monkeypatch, arguments, sentence):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        with pytest.raises((FileNotFoundError, ValueError)) as error:
            configure_training(**{'config': 'tiny.py', **arguments})
        assert sentence in str(error.value)
        assert '\n' not in str(error.value)

    def test_nothing_to_resume_leaves_the_start(self, here):
        options = {'load_from': 'start.pth'}
        cfg = configure_training('tiny.py', resume='auto', cfg_options=options)
        assert cfg.load_from == 'start.pth' and not cfg.resume
        Path('work_dirs/tiny').mkdir(parents=True)
        Path('work_dirs/tiny/epoch_1.pth').touch()
        cfg = configure_training('tiny.py', resume='auto', cfg_options=options)
        assert cfg.load_from.endswith('epoch_1.pth') and cfg.resume

    def test_scaling_needs_a_base(self, here):
        with pytest.raises(ValueError, match='base_batch_size'):
            configure_training('tiny.py', auto_scale_lr=True, cfg_options={'auto_scale_lr': None})

    def test_without_a_gpu_only_torchrun_starts_processes(self, here, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        with pytest.raises(ValueError, match='torchrun'):
            train(configure_training('tiny.py', launcher='slurm'))


class TestTrain:
    def test_too_few_images_for_a_batch(self, here):
        cfg = configure_training('tiny.py', cfg_options={'train_dataloader.batch_size': 64})
        cfg.experiment_name = f'{here.name}_few'
        with pytest.raises(ValueError, match='10 images make no batch of 64'):
            train(cfg)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Configs and images."""
    folder = tmp_path_factory.mktemp('project')
    make_project(folder)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder
