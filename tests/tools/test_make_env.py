"""tools/misc/make_env.sh, and test_classic.sh, with a Python that only writes down what to run."""

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
    *) echo "$*${PIP_NO_CACHE_DIR:+, no cache}" >>log ;;
esac
"""
WORKS = '#!/bin/sh\n'


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    (tmp_path / 'tools/misc').mkdir(parents=True)
    for name in ('make_env.sh', 'test_classic.sh', 'need_disk.sh'):
        shutil.copy(ROOT / 'tools/misc' / name, tmp_path / 'tools/misc')
    for name in ('setup.py', 'pyproject.toml'):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make_env(
    checkout,
    *options,
    version='3.12',
    python='python3.12',
    programs=None,
    script='make_env.sh',
    **environment,
):
    """Runs the script where ``programs``, texts by their names, come first on PATH."""
    folder = checkout / 'bin'
    folder.mkdir(exist_ok=True)
    defaults = {'python3.12': PYTHON, 'c++': WORKS}
    for name, text in {**defaults, **(programs or {})}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    path = f'{folder}:{os.defpath}'
    return subprocess.run(
        [shutil.which('bash'), checkout / 'tools/misc' / script, *options],
        env={'PATH': path, 'FAKE_VERSION': version, 'PYTHON': python, **environment},
        capture_output=True,
        text=True,
    )


def steps(checkout, constraints='requirements/pinned.txt'):
    """What Python was told to do, without what all calls of pip share."""
    shared = f'-m pip install -qq --disable-pip-version-check -c {constraints} '
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
    assert steps(checkout, '.venv-compiled/constraints.txt') == COMPILED
    constraints = (checkout / '.venv-compiled/constraints.txt').read_text().splitlines()
    assert [each for each in constraints if each.startswith('torch')] == [
        'torch===2.13.0',
        'torchvision==0.28.0',
    ]
    assert 'onedl-mmcv==2.3.6' in constraints
    (checkout / 'log').unlink()
    assert '7 to 12 minutes' in result.stdout
    assert make_env(checkout).returncode == 0
    assert steps(checkout) == STEPS


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


# 2 GB are free where the environment is made, 1 GB where pip downloads.
SMALL_DISKS = """#!/usr/bin/env bash
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
case "$2" in
    /downloads) echo '/dev/b 9000000 1 1000000 1% /downloads' ;;
    *) echo "/dev/a 9000000 1 ${FREE:-2000000} 1% /" ;;
esac
"""


@pytest.mark.parametrize(
    ('script', 'sentence'),
    [
        ('make_env.sh', 'making .venv takes up to 9 GB of disk, and 2 GB are free in'),
        ('test_classic.sh', 'making .venv-classic takes up to 8 GB of disk, and 2 GB are free in'),
    ],
)
class TestDisk:
    def test_too_little_is_said_at_the_start_and_no_more(self, checkout, script, sentence):
        result = make_env(checkout, programs={'df': SMALL_DISKS}, script=script)
        assert result.returncode == 0
        assert result.stderr.startswith(f'mmgreen: {sentence}')
        assert result.stderr.count('\n') == 1
        assert result.stdout.startswith('== Making .venv')
        again = make_env(checkout, programs={'df': SMALL_DISKS}, script=script)
        assert again.stderr == ''

    def test_downloads_may_have_another(self, checkout, script, sentence):
        places = dict(programs={'df': SMALL_DISKS}, script=script, FREE='90000000')
        result = make_env(checkout, **places, TMPDIR='/downloads')
        assert result.stderr.startswith('mmgreen: pip downloads up to 3 GB to /downloads, and 1 GB')
        assert make_env(checkout, **places).stderr == ''

    def test_on_continuous_integration_no_wheel_is_kept(self, checkout, script, sentence):
        make_env(checkout, script=script, CI='true')
        assert {each.endswith(', no cache') for each in steps(checkout) if 'venv' not in each} == {
            True
        }


def test_the_classic_stack_begins_with_what_is_largest(checkout):
    result = make_env(checkout, script='test_classic.sh')
    assert result.returncode == 0, result.stderr
    shared = '-m pip install -qq --disable-pip-version-check '
    assert [step.replace(shared, '') for step in steps(checkout)] == [
        '-m venv --clear .venv-classic',
        '-c requirements/classic.txt torch torchvision',
        '-r requirements/classic.txt',
        '--no-deps -r requirements/classic_mm.txt',
        '-m pytest tests/any_stack.py -q -p no:cacheprovider',
    ]
