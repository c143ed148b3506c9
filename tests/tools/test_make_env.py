"""tools/misc/make_env.sh with a Python that only writes down what it is told to run."""

import os
import shutil
import subprocess

import pytest
from repository import ROOT

# Answers with FAKE_VERSION; an environment that it makes keeps the version of then. A file called
# misfit stands for an mmcv without the operators that are wanted.
PYTHON = """#!/usr/bin/env bash
case "$*" in
    *sys.version_info*) echo "$FAKE_VERSION" ;;
    *torch.version.cuda*) echo 13 ;;
    '-m venv '*)
        mkdir -p .venv/bin
        sed "2i FAKE_VERSION=$FAKE_VERSION" "$0" >.venv/bin/python
        chmod +x .venv/bin/python
        echo "$*" >>log ;;
    '- '*) [ ! -e misfit ] ;;
    *)
        case "$*" in *force-reinstall*) rm misfit ;; esac
        echo "${FORCE_CUDA:+FORCE_CUDA=$FORCE_CUDA }${CUDA_VISIBLE_DEVICES-gpu shown }$*" >>log ;;
esac
"""
WORKS = '#!/bin/sh\n'
FAILS = '#!/bin/sh\nexit 9\n'
NVCC = '#!/bin/sh\necho "Cuda compilation tools, release {}, V1"\n'


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    (tmp_path / 'tools/misc').mkdir(parents=True)
    shutil.copy(ROOT / 'tools/misc/make_env.sh', tmp_path / 'tools/misc')
    shutil.copy(ROOT / 'setup.py', tmp_path)
    return tmp_path


def make_env(checkout, version='3.12', python='python3.12', programs=None, path=os.defpath):
    """Runs the script where ``programs``, texts by their names, come first on PATH."""
    folder = checkout / 'bin'
    folder.mkdir(exist_ok=True)
    defaults = {'python3.12': PYTHON, 'nvidia-smi': FAILS, 'c++': WORKS}
    for name, text in {**defaults, **(programs or {})}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return subprocess.run(
        [shutil.which('bash'), checkout / 'tools/misc/make_env.sh'],
        env={'PATH': f'{folder}:{path}', 'FAKE_VERSION': version, 'PYTHON': python},
        capture_output=True,
        text=True,
    )


def steps(checkout):
    """What Python was told to do, without what all calls of pip share."""
    shared = '-m pip install -qq --disable-pip-version-check -c requirements/pinned.txt '
    lines = (checkout / 'log').read_text().splitlines()
    return [line.replace(shared, '').replace('gpu shown ', '') for line in lines]


STEPS = [
    '-m venv --clear .venv',
    'torch torchvision',
    '-r requirements/build.txt',
    '--no-build-isolation -r requirements/mminstall.txt',
    '-r requirements/runtime.txt -r requirements/tests.txt',
    '--no-build-isolation --no-deps -e .',
    '-m mmgreen.check_env',
]


@pytest.mark.parametrize('version', ['2.7', '3.9', '3.14'])
def test_an_unsupported_python_is_refused_before_anything_else(checkout, version):
    result = make_env(checkout, version)
    assert result.returncode == 2
    assert result.stdout == ''
    assert result.stderr.count('\n') == 1 and f'Python {version} is not supported' in result.stderr
    assert not (checkout / '.venv').exists()


def test_it_is_refused_even_where_the_environment_is_made(checkout):
    make_env(checkout)
    assert make_env(checkout, '3.9').returncode == 2


def test_a_python_that_does_not_run_is_refused(checkout):
    result = make_env(checkout, python='python3.99')
    assert result.returncode == 2
    assert result.stderr.count('\n') == 1 and 'PYTHON=python3.99 does not run' in result.stderr


def test_an_untested_python_is_named(checkout):
    result = make_env(checkout, '3.13')
    assert result.returncode == 0
    assert 'Python 3.13 is outside the tested range' in result.stdout


def test_a_missing_compiler_is_named_before_anything_is_installed(checkout):
    tools = checkout / 'few'
    tools.mkdir()
    for name in ('bash', 'dirname', 'cat', 'cksum'):
        (tools / name).symlink_to(shutil.which(name))
    make_env(checkout, '3.9')
    (checkout / 'bin/c++').unlink()
    result = subprocess.run(
        [shutil.which('bash'), checkout / 'tools/misc/make_env.sh'],
        env={'PATH': f'{checkout}/bin:{tools}', 'FAKE_VERSION': '3.12', 'PYTHON': 'python3.12'},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert 'no c++ on PATH' in result.stderr
    assert not (checkout / '.venv').exists()


def test_the_steps_come_in_order_and_the_long_one_is_announced(checkout):
    result = make_env(checkout)
    assert result.returncode == 0, result.stderr
    assert steps(checkout) == STEPS
    assert '7 to 12 minutes' in result.stdout


def test_nothing_is_installed_twice(checkout):
    make_env(checkout)
    again = make_env(checkout)
    assert again.returncode == 0 and again.stdout == ''
    assert steps(checkout) == STEPS


def test_changed_requirements_go_into_the_environment_that_is_there(checkout):
    make_env(checkout)
    with (checkout / 'requirements/pinned.txt').open('a') as file:
        file.write('six==1.17.0\n')
    make_env(checkout)
    assert steps(checkout) == STEPS + STEPS[1:]


def test_another_python_makes_a_new_environment(checkout):
    make_env(checkout)
    make_env(checkout, '3.11')
    assert steps(checkout) == STEPS * 2


def test_after_a_failure_it_is_not_taken_for_made(checkout):
    broken = PYTHON.replace('*torch.version', '*requirements/tests.txt*) exit 1 ;; *torch.version')
    assert make_env(checkout, programs={'python3.12': broken}).returncode == 1
    assert steps(checkout) == STEPS[:4]
    shutil.rmtree(checkout / '.venv')
    assert make_env(checkout).returncode == 0
    assert steps(checkout) == STEPS[:4] + STEPS


def test_a_kept_wheel_without_operators_is_thrown_away_and_built_again(checkout):
    (checkout / 'misfit').touch()
    result = make_env(checkout)
    assert result.returncode == 0, result.stderr
    assert 'compiling it again' in result.stdout
    again = [
        '-m pip cache remove -qq onedl_mmcv',
        '--no-build-isolation --no-deps --force-reinstall onedl-mmcv',
    ]
    assert steps(checkout) == STEPS[:4] + again + STEPS[4:]


def test_operators_are_compiled_for_a_gpu_with_its_compiler(checkout):
    result = make_env(checkout, programs={'nvidia-smi': WORKS, 'nvcc': NVCC.format('13.0')})
    assert result.returncode == 0, result.stderr
    assert 'with CUDA on' in result.stdout
    assert steps(checkout)[3] == f'FORCE_CUDA=1 {STEPS[3]}'
    assert 'gpu shown' in (checkout / 'log').read_text().splitlines()[3]


@pytest.mark.parametrize('nvcc', [FAILS, NVCC.format('12.8')], ids=['none', 'of another version'])
def test_without_its_compiler_the_gpu_is_hidden_from_the_compilation(checkout, nvcc):
    result = make_env(checkout, programs={'nvidia-smi': WORKS, 'nvcc': nvcc})
    assert result.returncode == 0, result.stderr
    assert 'no nvcc of CUDA 13' in result.stdout
    shown = ['gpu shown' in line for line in (checkout / 'log').read_text().splitlines()[1:]]
    assert shown == [True, True, False, True, True, True]
