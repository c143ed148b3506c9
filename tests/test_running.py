"""What tools/train.py and tools/test.py make of their arguments. Real processes are next door."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from reference_running import make_project

import mmgreen
from mmgreen import running

ROOT = Path(__file__).resolve().parent.parent


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


class TestTrainingConfig:
    def test_flags(self, here):
        cfg = running.configure_training(
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
        assert running.configure_training('tiny.py').work_dir == 'work_dirs/tiny'

    def test_no_workers_means_none_that_persist(self, here):
        cfg = running.configure_training('tiny.py', cfg_options={'train_dataloader.num_workers': 0})
        assert not cfg.train_dataloader.persistent_workers

    def test_no_validation(self, here):
        config = Config.fromfile('tiny.py')
        config.val_dataloader, config.val_cfg = config.test_dataloader, {}
        config.val_evaluator = config.test_evaluator
        config.dump('validated.py')
        assert running.configure_training('validated.py').val_cfg is not None
        cfg = running.configure_training('validated.py', validate=False)
        assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None

    @pytest.mark.parametrize(
        ('options', 'scale'),
        [({}, 'dynamic'), ({'optim_wrapper.dtype': 'bfloat16'}, dict(enabled=False))],
    )
    def test_mixed_precision(self, here, monkeypatch, options, scale):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
        cfg = running.configure_training('tiny.py', amp=True, cfg_options=options)
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        assert cfg.optim_wrapper.loss_scale == scale

    @pytest.mark.parametrize(
        ('arguments', 'sentence'),
        [
            (dict(config='tinny.py'), 'There is no config tinny.py; its folder has tiny.py'),
            (dict(config=mmgreen.config_file('_base_/imagenet_mim_224.py')), 'has no model'),
            (dict(resume='gone.pth'), 'There is no checkpoint gone.pth'),
            (dict(amp=True), '--amp needs a GPU'),
            (dict(cfg_options={'optim_wrapper.dtype': 'bfloat16'}), 'together with --amp'),
            (dict(cfg_options={'model.backbone.window': 14}), 'model.backbone.window_size?'),
            (dict(cfg_options={'custom_hooks.9.interval': 1}), 'do not fit the config'),
            (dict(cfg_options={'train_cfg.max_epochs': 50}), 'ends at epoch 3 and the training at'),
        ],
    )
    def test_what_cannot_work_is_one_sentence(self, here, monkeypatch, arguments, sentence):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        with pytest.raises((FileNotFoundError, ValueError)) as error:
            running.configure_training(**{'config': 'tiny.py', **arguments})
        assert sentence in str(error.value)
        assert '\n' not in str(error.value)

    def test_scaling_needs_a_base(self, here):
        with pytest.raises(ValueError, match='base_batch_size'):
            running.configure_training(
                'tiny.py', auto_scale_lr=True, cfg_options={'auto_scale_lr': None}
            )

    def test_without_a_gpu_only_torchrun_starts_processes(self, here, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        with pytest.raises(ValueError, match='torchrun'):
            running.train(running.configure_training('tiny.py', launcher='slurm'))


class TestTrain:
    def test_too_few_images_for_a_batch(self, here):
        cfg = running.configure_training('tiny.py', cfg_options={'train_dataloader.batch_size': 64})
        cfg.experiment_name = f'{here.name}_few'
        with pytest.raises(ValueError, match='10 images make no batch of 64'):
            running.train(cfg)

    def test_a_missing_folder_ends_the_tool_with_one_sentence(self, here, monkeypatch):
        monkeypatch.setattr(
            sys,
            'argv',
            ['train.py', 'tiny.py', '--cfg-options', 'train_dataloader.dataset.data_root=nowhere'],
        )
        with pytest.raises(SystemExit) as end:
            tool('train').main()
        assert f'{here / "nowhere"} does not exist' in str(end.value)


def tool(name):
    """A tool of the repository, imported."""
    spec = importlib.util.spec_from_file_location(f'tool_{name}', ROOT / f'tools/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestTools:
    @pytest.mark.parametrize('name', ['train', 'test'])
    def test_what_cannot_work_ends_the_tool_with_one_sentence(self, here, monkeypatch, name):
        checkpoint = ['gone.pth'] if name == 'test' else []
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', 'gone.py', *checkpoint])
        with pytest.raises(SystemExit, match=r'There is no config gone\.py'):
            tool(name).main()

    def test_train_has_the_flags_of_openmmlab(self, monkeypatch):
        line = (
            'train.py CONFIG --work-dir W --resume --amp --no-validate --auto-scale-lr '
            '--no-pin-memory --no-persistent-workers --launcher pytorch --local-rank 1 '
            '--cfg-options a.b=1 c=[1,2]'
        )
        monkeypatch.setattr(sys, 'argv', line.split())
        args = vars(tool('train').parse_args())
        assert args['resume'] == 'auto' and args['cfg_options'] == {'a.b': 1, 'c': [1, 2]}
        assert not args['validate'] and not args['pin_memory'] and not args['persistent_workers']
        monkeypatch.setattr(sys, 'argv', ['train.py', 'C', '--resume', 'P', '--local_rank', '0'])
        assert tool('train').parse_args().resume == 'P'

    def test_test_has_the_flags_of_openmmlab(self, monkeypatch):
        line = (
            'test.py CONFIG CHECKPOINT --work-dir W --out O.pkl --show --show-dir D --wait-time 1 '
            '--tta --launcher none --local_rank 0 --cfg-options a=b'
        )
        monkeypatch.setattr(sys, 'argv', line.split())
        args = tool('test').parse_args()
        assert (args.checkpoint, args.wait_time, args.tta) == ('CHECKPOINT', 1.0, True)


class TestTestingConfig:
    @pytest.mark.parametrize(
        ('arguments', 'sentence'),
        [
            (dict(checkpoint='gone.pth'), 'There is no checkpoint gone.pth'),
            (dict(out='a.json'), '--out takes a .pkl file'),
            (dict(show_dir='pictures'), 'visualize_reconstruction.py'),
            (dict(tta=True), 'tta_model and tta_pipeline'),
            (dict(cfg_options={'test_dataloader.batch': 1}), 'test_dataloader.batch_size?'),
        ],
    )
    def test_what_cannot_work_is_one_sentence(self, here, arguments, sentence):
        (here / 'some.pth').touch()
        with pytest.raises((FileNotFoundError, ValueError)) as error:
            running.configure_test(**{'config': 'tiny.py', 'checkpoint': 'some.pth', **arguments})
        assert sentence in str(error.value)

    @pytest.mark.parametrize(
        ('kind', 'expected'),
        [
            ('DetVisualizationHook', dict(draw=True, test_out_dir='pictures')),
            ('mmpretrain.VisualizationHook', dict(enable=True, out_dir='pictures')),
        ],
    )
    def test_pictures_of_the_hosts_models(self, here, kind, expected):
        (here / 'some.pth').touch()
        cfg = Config.fromfile('tiny.py')
        cfg.default_hooks.visualization = dict(type=kind)
        cfg.dump('shown.py')
        shown = running.configure_test('shown.py', 'some.pth', show_dir='pictures', wait_time=1.0)
        hook = shown.default_hooks.visualization
        assert {key: hook[key] for key in expected} == expected
        assert hook.wait_time == 1.0 and not hook.show

    def test_augmentation_at_test_time(self, here):
        (here / 'some.pth').touch()
        cfg = Config.fromfile('tiny.py')
        cfg.tta_model, cfg.tta_pipeline = dict(type='SomeTTA'), [dict(type='SomeTransform')]
        cfg.dump('augmented.py')
        tested = running.configure_test('augmented.py', 'some.pth', tta=True)
        assert tested.model.type == 'SomeTTA'
        assert tested.model.module.type == 'mmgreen.MaskedAutoencoder'
        assert tested.test_dataloader.dataset.pipeline == [dict(type='SomeTransform')]
