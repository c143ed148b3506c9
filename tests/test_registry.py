"""Each test runs in a new process: what counts is that nothing of OpenMMLab was imported before."""

import subprocess

import pytest


@pytest.fixture
def run(python):
    def call(program):
        result = subprocess.run([python, '-c', program], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return call


@pytest.mark.parametrize('package', ['mmengine', 'mmdet'])
def test_a_registered_name_is_found_from_every_package(package, run):
    # mmdet asks for mmcv's operators before it looks for the name: ours have to be in their place.
    first = 'import mmgreen\n' if package == 'mmdet' else ''
    program = (
        f'{first}from {package}.registry import MODELS\n'
        'found = MODELS.get("mmgreen.GreenSwin")\n'
        'print(found.__name__, found.__module__)'
    )
    assert run(program).splitlines()[-1].startswith('GreenSwin mmgreen.models')


def test_every_location_can_be_imported(run):
    run(
        'from mmgreen import registry\n'
        'for name in registry.__all__:\n'
        '    child = getattr(registry, name)\n'
        '    assert child.scope == "mmgreen" and child.parent.scope == "mmengine", name\n'
        '    child.import_from_location()\n'
        '    assert child.module_dict, f"nobody uses {name}"\n'
    )


def test_configs_resolve_by_the_name_of_the_package(tmp_path, run):
    child = tmp_path / 'child.py'
    child.write_text("_base_ = 'mmgreen::greenmim/swin_b_pretrain.py'\n")
    program = (
        'import mmgreen.registry\n'
        'from mmengine.config import Config\n'
        f'print(Config.fromfile({str(child)!r}).model.backbone.type)'
    )
    assert run(program).splitlines()[-1] == 'mmgreen.GreenSwin'
