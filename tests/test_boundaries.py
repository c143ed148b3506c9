"""Imports go only downwards, ops <- nets <- models; only models needs the mm packages."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MM_PACKAGES = ('mmengine', 'mmcv', 'mmdet', 'mmpretrain')


def modules_of(layer):
    """Dotted names of every module in a folder of the package."""
    files = sorted((ROOT / 'mmgreen' / layer).rglob('*.py'))
    assert files
    names = ['.'.join(file.relative_to(ROOT).with_suffix('').parts) for file in files]
    return [name.removesuffix('.__init__') for name in names]


def import_blocked(modules, blocked, folder):
    """Imports ``modules`` in a new process, as if ``blocked`` were not installed."""
    script = folder / 'imports.py'
    script.write_text('\n'.join(f'import {name}' for name in modules))
    tool = ROOT / 'tools/misc/run_blocked.py'
    return subprocess.run(
        [sys.executable, tool, ','.join(blocked), script], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ('modules', 'blocked'),
    [
        (['mmgreen', 'mmgreen.check_env'], (*MM_PACKAGES, 'torch', 'torchvision', 'numpy', 'cv2')),
        (modules_of('ops'), (*MM_PACKAGES, 'mmgreen.nets', 'mmgreen.models')),
        (modules_of('nets'), (*MM_PACKAGES, 'mmgreen.models')),
        (modules_of('models'), ('mmdet', 'mmcv._ext')),
    ],
    ids=['package', 'ops', 'nets', 'models'],
)
def test_imports_without_the_layers_above(modules, blocked, tmp_path):
    result = import_blocked(modules, blocked, tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize('name', ['mmengine', 'mmcv.image', 'mmgreen.registry'])
def test_the_block_blocks(name, tmp_path):
    result = import_blocked([name], ('mmengine', 'mmcv'), tmp_path)
    assert result.returncode == 1
    assert 'ModuleNotFoundError' in result.stderr
