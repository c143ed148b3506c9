import sys

import torch

from mmgreen.check_env import environment
from mmgreen.check_env.diagnosis import diagnose
from mmgreen.check_env.environment import PUBLISHED, TRIALS, Environment, Trial, gather


def test_trials_lean_on_earlier_ones_and_blame_a_known_package():
    names = list(TRIALS)
    for position, (name, trial) in enumerate(TRIALS.items()):
        assert trial.package in PUBLISHED, name
        assert all(names.index(lower) < position for lower in trial.leans_on), name


def test_everything_of_the_test_environment_runs(python, monkeypatch):
    monkeypatch.setattr(sys, 'executable', str(python))
    found = gather()
    assert found.python == sys.version_info[:2]
    assert found.failures == {}
    assert found.version('torch').startswith('2.')
    assert found.version('mmcv') == found.versions['onedl-mmcv']
    assert found.mmcv_cuda != ''
    assert found.cuda == found.torchvision_cuda == torch.version.cuda
    assert diagnose(found) == []
    import mmcv._ext

    assert found.compiled == mmcv._ext.__file__.endswith('.so')


def test_gather_survives_what_is_missing_broken_or_crashes(monkeypatch):
    trials = {
        'fine': Trial('numpy', 'import json'),
        'missing': Trial('numpy', 'import no_such_package_as_this'),
        'broken': Trial('numpy', 'raise RuntimeError("first line\\nlast line")'),
        'crash': Trial('numpy', 'import os; os.kill(os.getpid(), 9)'),
        'end': Trial('numpy', 'import os; os._exit(3)'),
        'exit': Trial('numpy', 'raise SystemExit("no licence")'),
        'loud': Trial('numpy', 'print("hello")', facts='dict(cuda="1.2")'),
        'untold': Trial('numpy', 'x = 1', facts='dict(cuda=y)'),
    }
    monkeypatch.setattr(environment, 'TRIALS', trials)
    told = []
    found = gather(lambda name, seconds, error: told.append((name, seconds >= 0, error)))
    assert told == [(name, True, found.failures.get(name)) for name in trials]
    assert found.cuda == '1.2'
    assert found.failures == {
        'missing': "ModuleNotFoundError: No module named 'no_such_package_as_this'",
        'broken': 'last line',
        'crash': 'killed by signal 9',
        'end': 'ended with status 3',
        'exit': 'SystemExit: no licence',
    }


def test_published_names_and_versions():
    found = Environment((3, 11), {'mmcv': '2.1.0', 'mmcv-lite': '2.1.0', 'torch': '2.1.2'}, {})
    assert found.published('mmcv') == ['mmcv', 'mmcv-lite']
    assert found.published('mmdet') == []
    assert found.version('torch') == '2.1.2'
    assert found.version('mmdet') == ''
    assert found.mm_packages() == ['mmcv', 'mmcv-lite']


def test_what_failed_spoils_nothing_behind_it(monkeypatch):
    half = 'import sys, types; sys.modules["json.tool"] = types.ModuleType("half"); import nothing'
    trials = {
        'half': Trial('numpy', half),
        'whole': Trial('numpy', 'import json.tool; json.tool.main'),
        'same process': Trial('numpy', 'json.tool.main'),
    }
    monkeypatch.setattr(environment, 'TRIALS', trials)
    assert list(gather().failures) == ['half']
