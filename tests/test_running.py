"""Real processes of the tools, shared between tests: importing the stack takes most of the time."""

import importlib.util
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

import mmgreen
from mmgreen import running

ROOT = Path(__file__).resolve().parent.parent
STEPS = 5  # in an epoch: 10 images, 2 in a batch

CONFIG = f"""
_base_ = [{mmgreen.config_file('greenmim/swin_t_pretrain.py')!r}]
model = dict(
    mask_ratio=0.5,
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
        img_size=64,
    ),
    neck=dict(in_channels=64, embed_dim=16, num_heads=2, img_size=64),
)
crop = dict(
    type='mmpretrain.RandomResizedCrop', scale=64, crop_ratio_range=(0.2, 1.0), backend='pillow'
)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(
        data_root='images',
        pipeline=[
            dict(type='mmgreen.ReadImage'),
            crop,
            dict(type='mmcv.transforms.RandomFlip', prob=0.5),
            dict(type='mmpretrain.PackInputs'),
        ],
    ),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(
        data_root='images',
        pipeline=[dict(type='mmgreen.ReadImage'), crop, dict(type='mmpretrain.PackInputs')],
    ),
)
train_cfg = dict(max_epochs=3)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=2, begin=1, end=3, convert_to_iter_based=True),
]
log_processor = dict(window_size=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
"""

WITH_HOOK = """
_base_ = 'tiny.py'
custom_imports = dict(imports=['extra_hooks'])
custom_hooks = [
    dict(type='mmgreen.SeedEachStep'),
    dict(type='mmgreen.StopOnNonFiniteLoss'),
    dict(type='mmgreen.RunSummary'),
    dict(HOOK),
]
"""

EXTRA_HOOKS = """
import os, signal
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class KillAt(Hook):
    def __init__(self, step):
        self.step = step

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.step:
            os.kill(os.getpid(), signal.SIGKILL)

@HOOKS.register_module()
class NoteMasks(Hook):
    priority = 'LOWEST'

    def __init__(self):
        self.masks = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        state = torch.get_rng_state()
        self.masks.append(runner.model.module.draw_masked(data_batch['inputs']))
        torch.set_rng_state(state)

    def after_train(self, runner):
        content = dict(masks=self.masks, weights=runner.model.module.state_dict())
        torch.save(content, f'rank{runner.rank}.pth')
"""


def start(folder, *arguments):
    """A tool of the repository as a process of its own, in ``folder``."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    environment = dict(
        os.environ, PATH=path, OMP_NUM_THREADS='1', PYTHONPATH=f'{ROOT}{os.pathsep}{folder}'
    )
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        environment['PORT'] = str(free.getsockname()[1])
    return subprocess.Popen(
        [str(each) for each in arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=500)
    return SimpleNamespace(code=process.returncode, output=output)


def losses(work_dir):
    """Loss at each step, from the log; of several runs in one folder the last counts."""
    found = {}
    for file in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            found[entry['step']] = entry['loss']
    return found


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Configs, and 10 images of which one is cut off."""
    folder = tmp_path_factory.mktemp('project')
    (folder / 'tiny.py').write_text(CONFIG)
    (folder / 'killed.py').write_text(WITH_HOOK.replace('HOOK', "type='KillAt', step=8"))
    (folder / 'noted.py').write_text(WITH_HOOK.replace('HOOK', "type='NoteMasks'"))
    (folder / 'extra_hooks.py').write_text(EXTRA_HOOKS)
    (folder / 'images').mkdir()
    generator = np.random.default_rng(0)
    for i in range(10):
        pixels = generator.integers(0, 256, (96, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f'images/{i}.jpg')
    broken = folder / 'images/3.jpg'
    broken.write_bytes(broken.read_bytes()[:2000])
    return folder


@pytest.fixture(scope='module')
def runs(folder):
    """A training that ran through, one that was killed and resumed, and one of two processes."""
    train = [sys.executable, ROOT / 'tools/train.py']
    whole = start(folder, *train, 'tiny.py', '--work-dir', 'whole')
    killed = start(folder, *train, 'killed.py', '--work-dir', 'killed')
    done = dict(whole=finish(whole), killed=finish(killed))
    resumed = start(folder, *train, 'tiny.py', '--work-dir', 'killed', '--resume')
    pair = start(folder, 'bash', ROOT / 'tools/dist_train.sh', 'noted.py', 2, '--work-dir', 'pair')
    return SimpleNamespace(**done, resumed=finish(resumed), pair=finish(pair))


class TestResume:
    def test_it_was_killed_within_an_epoch(self, runs, folder):
        assert runs.killed.code == -signal.SIGKILL
        assert not (folder / 'killed/epoch_2.pth').exists() or runs.resumed.code == 0
        assert STEPS < 8 < 2 * STEPS

    def test_losses_and_weights_are_those_of_a_run_never_stopped(self, runs, folder):
        assert runs.whole.code == 0, runs.whole.output
        assert runs.resumed.code == 0, runs.resumed.output
        assert 'resumed after epoch 1 (step 5)' in runs.resumed.output
        expected = losses(folder / 'whole')
        assert sorted(expected) == list(range(1, 3 * STEPS + 1))
        assert len(set(expected.values())) == 3 * STEPS
        assert losses(folder / 'killed') == expected
        weights = [
            torch.load(folder / name / 'epoch_3.pth', weights_only=False)['state_dict']
            for name in ('whole', 'killed')
        ]
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

    def test_the_checkpoint_is_read_without_running_what_is_in_it(self, runs):
        assert 'weights_only=False' not in runs.resumed.output

    def test_the_unreadable_image_is_named_and_counted_once(self, runs):
        assert runs.whole.output.count('Skipped an unreadable image: images/3.jpg') == 1
        assert runs.whole.output.count('1 of 10 images could not be read so far') == 1

    def test_the_log_tells_what_the_run_is(self, runs, folder):
        summary = runs.whole.output.split('This training:')[1].split('Epoch(train)')[0]
        assert f'10 found in {folder / "images"}' in summary
        assert '2 images x 1 processes = 2; 5 batches an epoch, 3 epochs' in summary
        assert '0.0012, as written for a batch of 2048; --auto-scale-lr would make it' in summary
        log = runs.whole.output.split('Epoch(train)')[1]
        assert 'lr:' in log and 'eta:' in log and 'loss:' in log


class TestTwoProcesses:
    def test_they_train_one_model_each_with_masks_of_its_own(self, runs, folder):
        assert runs.pair.code == 0, runs.pair.output
        first, second = (torch.load(folder / f'rank{rank}.pth') for rank in (0, 1))
        assert len(first['masks']) == len(second['masks']) == 3 * 2
        assert any(not torch.equal(*each) for each in zip(first['masks'], second['masks']))
        for name, value in first['weights'].items():
            assert torch.equal(value, second['weights'][name]), name

    def test_the_summary_counts_both(self, runs):
        assert '2 images x 2 processes = 4; 2 batches an epoch' in runs.pair.output
        assert runs.pair.output.count('1 of 10 images could not be read so far') == 1


class TestTest:
    def test_gives_the_loss_of_every_image_and_repeats_it(self, runs, folder, monkeypatch):
        monkeypatch.chdir(folder)
        results = []
        for name in 'ab':
            cfg = running.configure_test(
                'tiny.py', 'whole/epoch_3.pth', work_dir=f'test_{name}', out=f'{name}.pkl'
            )
            cfg.experiment_name = f'{folder.name}_{name}'
            results.append(running.test(cfg))
        assert results[0] == results[1]
        assert 0.2 < results[0]['reconstruction_loss'] < 5
        with open('a.pkl', 'rb') as stream:
            samples = pickle.load(stream)
        assert len(samples) == 10
        mean = sum(float(each['reconstruction_loss']) for each in samples) / 10
        assert results[0]['reconstruction_loss'] == pytest.approx(mean)
        assert samples[0]['img_path'] == 'images/0.jpg'


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

    def test_a_checkpoint_of_another_model_is_not_resumed(self, runs, here):
        cfg = running.configure_training(
            'tiny.py',
            resume='whole/epoch_3.pth',
            work_dir='other',
            cfg_options={'model.neck.embed_dim': 32},
        )
        cfg.experiment_name = f'{here.name}_other'
        with pytest.raises(ValueError, match=r'whole/epoch_3\.pth does not fit this model'):
            running.train(cfg)


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
