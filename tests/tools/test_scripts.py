"""The shell scripts, with a ``torchrun`` and an ``srun`` that only print what they are given."""

import os
import subprocess

import pytest
from repository import ROOT

SETTINGS = ('NNODES', 'NODE_RANK', 'MASTER_ADDR', 'PORT')
SETTINGS += ('GPUS', 'GPUS_PER_NODE', 'CPUS_PER_TASK', 'SRUN_ARGS', 'PYTHON')


@pytest.fixture
def call(tmp_path):
    """Runs a script from a strange folder; the stubs print one argument a line."""
    stubs = tmp_path / 'stubs'
    stubs.mkdir()
    for name in ('torchrun', 'srun'):
        stub = stubs / name
        stub.write_text('#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@"\n')
        stub.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}

    def run(script, *arguments, **settings):
        path = f'{stubs}{os.pathsep}{os.environ["PATH"]}'
        return subprocess.run(
            ['bash', ROOT / 'tools' / script, *arguments],
            cwd=tmp_path,
            env={**inherited, 'PATH': path, **settings},
            capture_output=True,
            text=True,
        )

    return run


TOO_FEW = {
    'dist_train.sh': ['CONFIG'],
    'dist_test.sh': ['CONFIG', 'CHECKPOINT'],
    'slurm_train.sh': ['PARTITION', 'JOB', 'CONFIG'],
    'slurm_test.sh': ['PARTITION', 'JOB', 'CONFIG'],
}


@pytest.mark.parametrize(('script', 'arguments'), TOO_FEW.items())
@pytest.mark.parametrize('count', [0, -1])
def test_missing_arguments_print_one_usage_line(call, script, arguments, count):
    result = call(script, *(arguments if count else []))
    assert result.returncode == 2
    assert result.stdout == ''
    assert result.stderr.startswith('usage: ') and result.stderr.count('\n') == 1
    assert all(name in result.stderr for name in arguments)


def test_dist_train(call):
    result = call('dist_train.sh', 'a config.py', '4', '--amp', '--cfg-options', 'a.b=[1, 2]')
    assert result.stdout.splitlines() == [
        'torchrun',
        '--nnodes=1',
        '--node-rank=0',
        '--nproc-per-node=4',
        '--master-addr=127.0.0.1',
        '--master-port=29500',
        str(ROOT / 'tools/train.py'),
        'a config.py',
        '--launcher',
        'pytorch',
        '--amp',
        '--cfg-options',
        'a.b=[1, 2]',
    ]


def test_dist_test_on_several_machines(call):
    settings = {'NNODES': '2', 'NODE_RANK': '1', 'MASTER_ADDR': '10.0.0.7', 'PORT': '29511'}
    result = call('dist_test.sh', 'config.py', 'epoch_1.pth', '8', '--out', 'x.pkl', **settings)
    assert result.stdout.splitlines() == [
        'torchrun',
        '--nnodes=2',
        '--node-rank=1',
        '--nproc-per-node=8',
        '--master-addr=10.0.0.7',
        '--master-port=29511',
        str(ROOT / 'tools/test.py'),
        'config.py',
        'epoch_1.pth',
        '--launcher',
        'pytorch',
        '--out',
        'x.pkl',
    ]


def test_slurm_train(call):
    result = call('slurm_train.sh', 'gpu', 'my job', 'config.py', 'work dir', '--resume')
    assert result.stdout.splitlines() == [
        'srun',
        '--partition=gpu',
        '--job-name=my job',
        '--gres=gpu:8',
        '--ntasks=8',
        '--ntasks-per-node=8',
        '--cpus-per-task=5',
        '--kill-on-bad-exit=1',
        'python',
        '-u',
        str(ROOT / 'tools/train.py'),
        'config.py',
        '--work-dir',
        'work dir',
        '--launcher',
        'slurm',
        '--resume',
    ]


def test_slurm_test_with_settings(call):
    settings = {'GPUS': '4', 'CPUS_PER_TASK': '9', 'SRUN_ARGS': '--time=1:00 --exclusive'}
    result = call('slurm_test.sh', 'gpu', 'job', 'config.py', 'epoch_1.pth', **settings)
    lines = result.stdout.splitlines()
    assert lines[3:10] == [
        '--gres=gpu:4',
        '--ntasks=4',
        '--ntasks-per-node=4',
        '--cpus-per-task=9',
        '--kill-on-bad-exit=1',
        '--time=1:00',
        '--exclusive',
    ]
    assert lines[12:] == [
        str(ROOT / 'tools/test.py'),
        'config.py',
        'epoch_1.pth',
        '--launcher',
        'slurm',
    ]


def test_slurm_on_several_machines(call):
    result = call('slurm_train.sh', 'gpu', 'job', 'c.py', 'w', GPUS='16', GPUS_PER_NODE='4')
    assert {'--ntasks=16', '--ntasks-per-node=4', '--gres=gpu:4'} <= set(result.stdout.split())
