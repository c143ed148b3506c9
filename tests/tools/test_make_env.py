"""tools/misc/make_env.sh with a Python that only writes down what it is told to run."""

import os
import shutil
import subprocess

import pytest
from repository import ROOT

# Answers with FAKE_VERSION; an environment that it makes keeps the version of then.
PYTHON = """#!/usr/bin/env bash
case "$*" in
    *sys.version_info*) echo "$FAKE_VERSION" ;;
    '-m venv '*)
        mkdir -p $4/bin
        sed "2i FAKE_VERSION=$FAKE_VERSION" "$0" >$4/bin/python
        chmod +x $4/bin/python
        echo "$*" >>log ;;
    *) echo "$*" >>log ;;
esac
"""
WORKS = '#!/bin/sh\n'


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    (tmp_path / 'tools/misc').mkdir(parents=True)
    shutil.copy(ROOT / 'tools/misc/make_env.sh', tmp_path / 'tools/misc')
    for name in ('setup.py', 'pyproject.toml'):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make_env(checkout, *options, version='3.12', python='python3.12', programs=None):
    """Runs the script where ``programs``, texts by their names, come first on PATH."""
    folder = checkout / 'bin'
    folder.mkdir(exist_ok=True)
    defaults = {'python3.12': PYTHON, 'c++': WORKS}
    for name, text in {**defaults, **(programs or {})}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return subprocess.run(
        [shutil.which('bash'), checkout / 'tools/misc/make_env.sh', *options],
        env={'PATH': f'{folder}:{os.defpath}', 'FAKE_VERSION': version, 'PYTHON': python},
        capture_output=True,
        text=True,
    )


def steps(checkout):
    """What Python was told to do, without what all calls of pip share."""
    shared = '-m pip install -qq --disable-pip-version-check -c requirements/pinned.txt '
    lines = (checkout / 'log').read_text().splitlines()
    return [line.replace(shared, '') for line in lines]


STEPS = [
    '-m venv --clear .venv',
    'torch torchvision',
    '--no-cache-dir --no-deps onedl-mmcv',
    '-e .[detect,tests]',
    '-m mmgreen.check_env',
]
COMPILED = [
    '-m venv --clear .venv-compiled',
    'torch torchvision',
    'wheel ninja psutil setuptools packaging',
    '--no-build-isolation --no-cache-dir --no-deps onedl-mmcv',
    *STEPS[3:],
]


@pytest.mark.parametrize('version', ['2.7', '3.9', '3.14'])
def test_an_unsupported_python_is_refused_before_anything_else(checkout, version):
    result = make_env(checkout, version=version)
    assert result.returncode == 2
    assert result.stdout == ''
    assert result.stderr.count('\n') == 1 and f'Python {version} is not supported' in result.stderr
    assert not (checkout / '.venv').exists()


def test_it_is_refused_even_where_the_environment_is_made(checkout):
    make_env(checkout)
    assert make_env(checkout, version='3.9').returncode == 2


def test_a_python_that_does_not_run_is_refused(checkout):
    result = make_env(checkout, python='python3.99')
    assert result.returncode == 2
    assert result.stderr.count('\n') == 1 and 'PYTHON=python3.99 does not run' in result.stderr


def test_an_untested_python_is_named(checkout):
    result = make_env(checkout, version='3.13')
    assert result.returncode == 0
    assert 'Python 3.13 is outside the tested range' in result.stdout


def run_without_a_compiler(checkout, *options):
    tools = checkout / 'few'
    tools.mkdir(exist_ok=True)
    for name in ('bash', 'dirname', 'cat', 'cksum', 'mkdir', 'sed', 'chmod', 'rm'):
        (tools / name).symlink_to(shutil.which(name))
    make_env(checkout, version='3.9')
    (checkout / 'bin/c++').unlink()
    return subprocess.run(
        [shutil.which('bash'), checkout / 'tools/misc/make_env.sh', *options],
        env={
            'PATH': f'{checkout}/bin:{tools}',
            'FAKE_VERSION': '3.12',
            'PYTHON': 'python3.12',
            'CC': '/nothing',
            'CXX': '/nothing',
        },
        capture_output=True,
        text=True,
    )


def test_no_compiler_is_needed(checkout):
    (checkout / 'bin').mkdir()
    result = run_without_a_compiler(checkout)
    assert result.returncode == 0, result.stderr
    assert steps(checkout) == [step.replace('/usr/bin/', '') for step in STEPS]


def test_to_compile_a_missing_compiler_is_named_before_anything_is_installed(checkout):
    result = run_without_a_compiler(checkout, '--compiled')
    assert result.returncode == 2
    assert 'must be a c++ on PATH' in result.stderr
    assert not (checkout / '.venv-compiled').exists()


def test_the_steps_come_in_order(checkout):
    result = make_env(checkout)
    assert result.returncode == 0, result.stderr
    assert steps(checkout) == STEPS


def test_compiling_is_announced_and_has_an_environment_of_its_own(checkout):
    result = make_env(checkout, '--compiled')
    assert result.returncode == 0, result.stderr
    assert steps(checkout) == COMPILED
    assert '7 to 12 minutes' in result.stdout
    assert make_env(checkout).returncode == 0
    assert steps(checkout) == COMPILED + STEPS


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
    make_env(checkout, version='3.11')
    assert steps(checkout) == STEPS * 2


def test_after_a_failure_it_is_not_taken_for_made(checkout):
    broken = PYTHON.replace("'-m venv", "*detect,tests*) exit 1 ;;\n    '-m venv")
    assert make_env(checkout, programs={'python3.12': broken}).returncode == 1
    assert steps(checkout) == STEPS[:3]
    shutil.rmtree(checkout / '.venv')
    assert make_env(checkout).returncode == 0
    assert steps(checkout) == STEPS[:3] + STEPS
