"""Which room of the package may import which: the rules of CONTRIBUTING, read from the code."""

import ast
import subprocess
import sys

import pytest
from repository import ROOT

from mmgreen.analysis.room_imports import APART, ROOMS, count_arrows, files_of, imports_of

MM_PACKAGES = ('mmengine', 'mmcv', 'mmdet', 'mmpretrain')
MAY_DRAW = ('apis', 'analysis', 'demo')
PACKAGE = ROOT / 'mmgreen'
FILES = files_of(PACKAGE)


def imports_of_room(*rooms):
    return {name for path, room in FILES.items() if room in rooms for name in imports_of(path)}


def packages(names):
    return {name.split('.')[0] for name in names}


def test_every_file_lies_in_a_room_that_is_listed():
    assert set(FILES.values()) == {*ROOMS, *APART}


@pytest.fixture(scope='module')
def arrows():
    return count_arrows(PACKAGE)


@pytest.mark.parametrize('room', ROOMS)
def test_arrows_go_down_only(room, arrows):
    targets = {target for source, target in arrows if source == room}
    assert targets <= {*ROOMS[: ROOMS.index(room)], '__init__'}
    assert targets or room in ('errors', 'operators', 'ops', 'registry')


def test_the_check_of_an_environment_needs_nothing_of_the_package(arrows):
    assert {target for source, target in arrows if source == '__init__'} == {'errors'}
    assert not packages(imports_of_room(*APART)) & {'torch', 'numpy', *MM_PACKAGES}


@pytest.mark.parametrize('room', ['ops', 'nets'])
def test_functions_and_nets_know_nothing_of_openmmlab(room):
    found = packages(imports_of_room(room))
    assert 'torch' in found and not found & set(MM_PACKAGES)


def test_models_import_no_hook():
    names = imports_of_room('models')
    assert names and not [name for name in names if 'hook' in name.lower()]


def test_matplotlib_is_imported_at_the_top_of_what_draws_only(tmp_path):
    found = set()
    for path, room in FILES.items():
        top = ast.parse(path.read_text()).body
        imports = [node for node in top if isinstance(node, ast.Import | ast.ImportFrom)]
        (tmp_path / 'top.py').write_text('\n'.join(map(ast.unparse, imports)))
        if 'matplotlib' in packages(imports_of(tmp_path / 'top.py')):
            found.add(room)
    assert found and found <= set(MAY_DRAW)


def modules_of(room):
    """Dotted names of every module of a room."""
    names = [
        '.'.join(p.relative_to(ROOT).with_suffix('').parts)
        for p, place in FILES.items()
        if place == room
    ]
    assert names
    return [name.removesuffix('.__init__') for name in names if '__main__' not in name]


def import_blocked(python, modules, blocked, folder):
    """Imports ``modules`` in a new process, as if ``blocked`` were not installed."""
    script = folder / 'imports.py'
    script.write_text('\n'.join(f'import {name}' for name in modules))
    tool = ROOT / 'tools/misc/run_blocked.py'
    if 'torch' in blocked:  # which the quick one has already
        python = sys.executable
    return subprocess.run([python, tool, ','.join(blocked), script], capture_output=True, text=True)


@pytest.mark.parametrize(
    ('modules', 'blocked'),
    [
        (
            ['mmgreen', *modules_of('check_env'), 'mmgreen.check_env.__main__'],
            (*MM_PACKAGES, 'torch', 'torchvision', 'numpy', 'cv2'),
        ),
        ([*modules_of('ops'), *modules_of('nets')], MM_PACKAGES),
        (
            [*modules_of('models'), *modules_of('engine'), 'mmgreen.datasets'],
            ('mmdet', 'mmcv._ext'),
        ),
    ],
    ids=['package', 'ops and nets', 'pretraining'],
)
def test_imports_without_what_a_room_must_not_need(modules, blocked, python, tmp_path):
    result = import_blocked(python, modules, blocked, tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize('name', ['mmengine', 'mmcv.image', 'mmgreen.registry'])
def test_the_block_blocks(name, python, tmp_path):
    result = import_blocked(python, [name], ('mmengine', 'mmcv'), tmp_path)
    assert result.returncode == 1
    assert 'ModuleNotFoundError' in result.stderr
