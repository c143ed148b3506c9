"""No tool imports torch, nor what does, before its arguments are read."""

import importlib.util
import subprocess
import sys

import pytest
from repository import ROOT

from mmgreen.analysis.benchmark_modes import DTYPES, MODES
from mmgreen.checkpoints.tables import MERGE_ORDERS
from mmgreen.checkpoints.writing import TARGETS

TOOLS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'tools').rglob('*.py'))
HEAVY = 'torch,mmengine,mmcv,mmdet,mmpretrain,numpy,matplotlib'


def run(tool, *arguments):
    blocked = ROOT / 'tools/misc/run_blocked.py'
    return subprocess.run(
        [sys.executable, blocked, HEAVY, ROOT / tool, *arguments], capture_output=True, text=True
    )


@pytest.mark.parametrize('tool', TOOLS)
def test_help_and_slips_are_answered_without_torch(tool):
    asked = run(tool, '--help')
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith('usage: ')
    slip = run(tool, '--no-such-option')
    assert slip.returncode == 2 and 'error: ' in slip.stderr


@pytest.mark.parametrize('tool', ['train', 'test', 'analysis_tools/get_flops'])
def test_a_slip_beside_options_of_a_config_too(tool):
    slip = run(f'tools/{tool}.py', 'C', '--cfg-options', 'a=1', '--no-such-option')
    assert slip.returncode == 2 and slip.stderr.count('Traceback') == 0


def test_without_a_package_a_tool_says_who_can_help():
    ended = run('tools/train.py', 'greenmim/swin_t_pretrain.py')
    assert ended.returncode == 1 and ended.stderr.count('\n') == 1
    assert ended.stderr.startswith('tools/train.py: No module named')
    assert 'python -m mmgreen.check_env' in ended.stderr


def tool(name):
    spec = importlib.util.spec_from_file_location('tool', ROOT / f'tools/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_formats_to_convert_to_are_those_there_are():
    convert = tool('model_converters/convert_checkpoint')
    assert convert.TARGETS == TARGETS and tuple(MERGE_ORDERS) == convert.MERGE_ORDERS


def test_modes_of_the_benchmark_are_those_there_are(monkeypatch):
    benchmark = tool('analysis_tools/benchmark')
    for option, values in (('--mode', ['train', 'forward', *MODES]), ('--dtype', DTYPES)):
        for value in values:
            monkeypatch.setattr(sys, 'argv', ['benchmark.py', 'C', option, value])
            assert vars(benchmark.parse_args())[option[2:]] == value
