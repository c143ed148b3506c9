"""Processes of the tools, shared between tests; one of them imports all that it needs itself."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from reference_running import make_project
from repository import ROOT
from torch.distributed.elastic.utils.distributed import get_free_port

from mmgreen.apis import testing
from mmgreen.apis.training import configure_training, train

STEPS = 5  # in an epoch: 10 images, 2 in a batch

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


def start(folder, python, *arguments):
    """A tool of the repository as a process of its own, in ``folder``, by that Python."""
    path = os.pathsep.join([str(Path(python).parent), os.environ['PATH']])
    environment = dict(
        os.environ, PATH=path, OMP_NUM_THREADS='1', PYTHONPATH=f'{ROOT}{os.pathsep}{folder}'
    )
    environment['PORT'] = str(get_free_port())
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
    """Configs and images."""
    folder = tmp_path_factory.mktemp('project')
    make_project(folder)
    (folder / 'killed.py').write_text(WITH_HOOK.replace('HOOK', "type='KillAt', step=8"))
    (folder / 'noted.py').write_text(WITH_HOOK.replace('HOOK', "type='NoteMasks'"))
    (folder / 'extra_hooks.py').write_text(EXTRA_HOOKS)
    return folder


@pytest.fixture(scope='module')
def runs(folder, python):
    """A training that ran through, one that was killed and resumed, and one of two processes."""
    train = [python, python, ROOT / 'tools/train.py']
    cold = [sys.executable, sys.executable, ROOT / 'tools/train.py']
    whole = start(folder, *cold, 'tiny.py', '--work-dir', 'whole')
    killed = start(folder, *train, 'killed.py', '--work-dir', 'killed')
    done = dict(whole=finish(whole), killed=finish(killed))
    done['left'] = [path.name for path in (folder / 'killed').glob('*.pth')]
    resumed = start(folder, *train, 'tiny.py', '--work-dir', 'killed', '--resume')
    pair = start(
        *(folder, python, 'bash', ROOT / 'tools/dist_train.sh', 'noted.py', 2),
        *('--work-dir', 'pair'),
    )
    return SimpleNamespace(**done, resumed=finish(resumed), pair=finish(pair))


class TestResume:
    def test_it_was_killed_within_an_epoch(self, runs):
        assert runs.killed.code == -signal.SIGKILL
        assert runs.left == ['epoch_1.pth']

    def test_losses_and_weights_are_those_of_a_run_never_stopped(self, runs, folder):
        assert runs.whole.code == 0, runs.whole.output
        assert runs.resumed.code == 0, runs.resumed.output
        assert 'resumed after epoch 1 (step 5)' in runs.resumed.output
        assert 'random weights' not in runs.resumed.output
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
        assert '2 images x 1 process = 2; 5 batches an epoch, 3 epochs' in summary
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

    def test_they_count_every_sample_once(self, runs, folder, python):
        # 15 of 10 images: each process gives 8, and one of the 16 fills the last batch.
        tested = finish(
            start(
                *(folder, python, 'bash', ROOT / 'tools/dist_test.sh', 'tiny.py'),
                *('whole/epoch_3.pth', 2, '--work-dir', 'test_pair', '--out', 'pair.pkl'),
                *('--cfg-options', 'test_dataloader.sampler.samples_per_epoch=15'),
            )
        )
        assert tested.code == 0, tested.output
        with open(folder / 'pair.pkl', 'rb') as stream:
            samples = pickle.load(stream)
        counted = [Path(each['img_path']).stem for each in samples]
        assert len(counted) == 15
        for place, name in enumerate(counted):
            assert place % 10 == 3 or name == str(place % 10)  # 3.jpg cannot be read


class TestTest:
    def test_gives_the_loss_of_every_image_and_repeats_it(self, runs, folder, monkeypatch):
        monkeypatch.chdir(folder)
        results = []
        for name in 'ab':
            cfg = testing.configure_test(
                'tiny.py', 'whole/epoch_3.pth', work_dir=f'test_{name}', out=f'{name}.pkl'
            )
            cfg.experiment_name = f'{folder.name}_{name}'
            results.append(testing.test(cfg))
        assert results[0] == results[1]
        assert 0.2 < results[0]['reconstruction_loss'] < 5
        with open('a.pkl', 'rb') as stream:
            samples = pickle.load(stream)
        assert len(samples) == 10
        mean = sum(float(each['reconstruction_loss']) for each in samples) / 10
        assert results[0]['reconstruction_loss'] == pytest.approx(mean)
        assert samples[0]['img_path'] == 'images/0.jpg'


def test_a_checkpoint_of_another_model_is_not_resumed(runs, folder, monkeypatch):
    monkeypatch.chdir(folder)
    cfg = configure_training(
        'tiny.py',
        resume='whole/epoch_3.pth',
        work_dir='other',
        cfg_options={'model.neck.embed_dim': 32},
    )
    cfg.experiment_name = f'{folder.name}_other'
    with pytest.raises(ValueError, match=r'whole/epoch_3\.pth does not fit this MaskedAutoencoder'):
        train(cfg)
