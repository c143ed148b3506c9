"""What a wheel, an sdist and a checkout hold."""

import email
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from repository import ROOT

IGNORED = shutil.ignore_patterns('.git', '.venv', '__pycache__', 'build', 'dist', '*.egg-info')
PARTS = ['mmgreen', 'configs', 'tools', 'requirements', 'setup.py', 'pyproject.toml']
PARTS += ['MANIFEST.in', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CITATION.cff', 'model-index.yml']


def shipped_data():
    """Paths inside the package of every config, metafile, tool and index of the repository."""
    configs = [path for path in (ROOT / 'configs').rglob('*') if path.suffix in ('.py', '.yml')]
    tools = [path for path in (ROOT / 'tools').rglob('*') if path.suffix in ('.py', '.sh')]
    names = [path.relative_to(ROOT).as_posix() for path in configs]
    below = [f'.mim/{path.relative_to(ROOT).as_posix()}' for path in [*configs, *tools]]
    assert names and below
    return {f'mmgreen/{name}' for name in [*names, *below, '.mim/model-index.yml']}


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A copy of the repository, links kept, so that building leaves nothing in the real one."""
    folder = tmp_path_factory.mktemp('checkout')
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, symlinks=True, ignore=IGNORED)
        else:
            shutil.copy(source, folder / part)
    return folder


@pytest.fixture(scope='module')
def wheel(checkout, tmp_path_factory):
    target = tmp_path_factory.mktemp('wheel')
    command = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation']
    subprocess.run([*command, '-w', str(target), str(checkout)], check=True)
    (path,) = target.glob('*.whl')
    return zipfile.ZipFile(path)


def test_the_wheel_holds_configs_tools_and_index(wheel):
    names = set(wheel.namelist())
    assert shipped_data() <= names
    assert {name.split('/')[0] for name in names} == {'mmgreen', 'mmgreen-0.1.0.dist-info'}
    index = wheel.read('mmgreen/.mim/model-index.yml').decode()
    assert 'configs/greenmim/metafile.yml' in index
    assert 'mmgreen/.mim/configs/greenmim/metafile.yml' in names


def test_the_wheel_asks_for_no_mm_package(wheel):
    metadata = email.message_from_bytes(wheel.read('mmgreen-0.1.0.dist-info/METADATA'))
    assert metadata['Requires-Python'] == '>=3.10'
    every = metadata.get_all('Requires-Dist')
    detection = [need for need in every if need.startswith('onedl-mmdetection')]
    assert detection and all('extra == "detect"' in need for need in detection)
    needed = [need for need in every if 'extra ==' not in need]
    assert any(need.startswith('torch') for need in needed)
    assert not [need for need in needed if need.startswith(('mm', 'onedl', 'openmim'))]
    assert not [need for need in needed if '==' in need]


def test_configs_of_the_wheel_are_found_and_parse(wheel, tmp_path):
    wheel.extractall(tmp_path)
    program = (
        'import mmgreen, mmgreen.registry\n'
        'from mmengine.config import Config\n'
        'path = mmgreen.config_file("greenmim/swin_b_pretrain.py")\n'
        'print(path, Config.fromfile(path).model.backbone.type)'
    )
    result = subprocess.run(
        [sys.executable, '-c', program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    path, kind = result.stdout.splitlines()[-1].split()
    assert path == str(tmp_path / 'mmgreen/configs/greenmim/swin_b_pretrain.py')
    assert kind == 'mmgreen.GreenSwin'


def test_the_command_of_the_wheel_runs_its_tools(wheel, tmp_path):
    wheel.extractall(tmp_path)
    points = wheel.read('mmgreen-0.1.0.dist-info/entry_points.txt').decode()
    assert 'mmgreen = mmgreen.command:main' in points
    said = {}
    for arguments in ('train --help', 'configs greenmim/swin_t_pre', 'copy demo/vit_pretrain.py'):
        command = [sys.executable, '-m', 'mmgreen', *arguments.split()]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        said[arguments.split()[0]] = result.stdout
    assert said['train'].startswith('usage: mmgreen train ')
    assert 'greenmim/swin_t_pretrain.py' in said['configs'].split()
    assert (tmp_path / 'vit_pretrain.py').is_file()


def test_the_sdist_holds_real_files(checkout, tmp_path):
    program = f'from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})'
    subprocess.run([sys.executable, '-c', program], cwd=checkout, check=True, capture_output=True)
    (path,) = tmp_path.glob('*.tar.gz')
    with tarfile.open(path) as archive:
        members = {member.name.split('/', 1)[-1]: member for member in archive.getmembers()}
    assert shipped_data() <= set(members)
    assert not [name for name, member in members.items() if member.issym() or member.islnk()]


@pytest.mark.parametrize('link', ['configs', '.mim/configs', '.mim/tools', '.mim/model-index.yml'])
def test_links_of_the_checkout_lead_to_the_real_ones(link):
    path = ROOT / 'mmgreen' / link
    assert path.is_symlink()
    assert path.resolve() == ROOT / Path(link).name


def test_a_checkout_without_links_is_refused(checkout, tmp_path):
    copy = shutil.copytree(checkout, tmp_path / 'copy', symlinks=True)
    (copy / 'mmgreen/configs').unlink()
    (copy / 'mmgreen/configs').write_text('../configs')
    command = [sys.executable, 'setup.py', '--version']
    result = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert result.returncode != 0
    assert 'core.symlinks=true' in result.stderr
