"""Every finding on an environment that is made up; the real one is gathered in test_environment."""

import re
import sys

import pytest
from repository import ROOT

from mmgreen.check_env import __main__ as check_env
from mmgreen.check_env.diagnosis import CURRENT, diagnose, report, works
from mmgreen.check_env.environment import TRIALS, Environment

ONEDL = {
    'numpy': '2.2.6',
    'torch': '2.14.1',
    'torchvision': '0.29.1',
    'opencv-python': '4.12.0.88',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
    'onedl-mmdetection': '3.5.1',
}
OPENMMLAB = {
    'numpy': '1.26.4',
    'torch': '2.1.2',
    'torchvision': '0.16.2',
    'opencv-python': '4.11.0.86',
    'mmengine': '0.10.7',
    'mmcv': '2.1.0',
    'mmpretrain': '1.2.0',
    'mmdet': '3.3.0',
}

EVERYTHING = {'pretrain': True, 'detect on CPU': True, 'detect on GPU': True}
ON_CPU = {**EVERYTHING, 'detect on GPU': False}
PRETRAIN_ONLY = {**ON_CPU, 'detect on CPU': False}
NOTHING = dict.fromkeys(EVERYTHING, False)


def environment(versions=ONEDL, failures=(), python=(3, 11), **facts):
    facts = {'torchvision_cuda': facts.get('cuda'), **facts}
    return Environment(python, dict(versions), dict(failures), **facts)


def failing_above(trial, error):
    """Failures of a trial and of all that lean on it, as one meets them."""
    failed = {trial: error}
    for name, candidate in TRIALS.items():
        if failed.keys() & set(candidate.leans_on):
            failed[name] = 'ImportError: a consequence'
    return failed


def only_finding(found):
    (finding,) = diagnose(found)
    return finding


@pytest.mark.parametrize('versions', [ONEDL, OPENMMLAB], ids=['current', 'classic'])
@pytest.mark.parametrize('python', [(3, 10), (3, 12)])
def test_a_sound_environment_has_no_findings(versions, python):
    found = environment(versions, python=python, cuda='13.0')
    assert diagnose(found) == []
    assert works(found) == ON_CPU
    for compiled in (False, True):
        cuda = '13.0' if compiled else 'not available'
        on_gpu = found._replace(gpu='NVIDIA H100', mmcv_cuda=cuda, compiled=compiled)
        assert diagnose(on_gpu) == []
        assert works(on_gpu) == EVERYTHING


def test_mmcv_operators_of_another_torch():
    error = 'ImportError: _ext.so: undefined symbol: _ZN3c1017RegisterOperators'
    found = environment(failures=failing_above('mmcv._ext', error))
    problem, mend = only_finding(found)
    assert "mmcv's compiled operators do not run with torch 2.14.1" in problem and error in problem
    assert mend.splitlines() == [
        'pip uninstall -y onedl-mmcv',
        'pip install --no-cache-dir onedl-mmcv==2.3.6',
    ]
    assert works(found) == PRETRAIN_ONLY


def test_mmcv_lite_is_replaced_by_the_mmcv_of_its_own_stack():
    versions = {**OPENMMLAB, 'mmcv-lite': '2.1.0'}
    del versions['mmcv']
    error = 'ImportError: undefined symbol'
    mend = only_finding(environment(versions, failing_above('mmcv._ext', error))).mend
    assert 'pip uninstall -y mmcv-lite' in mend and 'MMCV_WITH_OPS=0' in mend
    assert mend.endswith('mmcv==2.1.0') and 'onedl' not in mend


def test_compiled_without_cuda_while_torch_sees_a_gpu():
    found = environment(cuda='13.0', gpu='NVIDIA H100', compiled=True)
    problem, mend = only_finding(found)
    assert 'NVIDIA H100' in problem and 'compiled without CUDA' in problem
    assert mend.splitlines()[-1] == 'pip install --no-cache-dir onedl-mmcv==2.3.6'
    assert works(found) == ON_CPU


@pytest.mark.parametrize(
    ('facts', 'mended'),
    [
        (dict(torchvision_cuda=None), 'torchvision'),
        (dict(torchvision_cuda='12.8', compiled=True, mmcv_cuda='12.8'), 'torchvision'),
        (dict(compiled=True, mmcv_cuda='12.1'), 'onedl-mmcv'),
    ],
)
def test_builds_for_different_cuda(facts, mended):
    found = environment(cuda='13.0', gpu='NVIDIA H100', **facts)
    problem, mend = only_finding(found)
    assert 'torch for CUDA 13.0' in problem
    assert mended in mend and ('--force-reinstall' in mend) == (mended == 'torchvision')
    assert works(found) == ON_CPU
    assert diagnose(environment(cuda='13.0', torchvision_cuda='13.1')) == []


def test_torchvision_that_is_not_there_comes_together_with_torch():
    versions = {name: version for name, version in ONEDL.items() if name != 'torchvision'}
    error = "ModuleNotFoundError: No module named 'torchvision'"
    found = environment(versions, failing_above('torchvision', error), cuda='13.0')
    problem, mend = only_finding(found)
    assert 'torchvision is not installed' in problem
    assert "'torch===2.14.1' torchvision==0.29.1" in mend
    assert works(found) == NOTHING


@pytest.mark.parametrize(
    ('facts', 'sentence'),
    [
        ({}, "detection uses torchvision's operators (NMS, RoIAlign)"),
        (dict(compiled=True), 'the compiled operators of mmcv (CUDA: without CUDA)'),
        (dict(compiled=True, mmcv_cuda='13.0'), 'the compiled operators of mmcv (CUDA: 13.0)'),
    ],
)
def test_report_says_which_operators_detection_uses(facts, sentence):
    assert sentence in report(environment(**facts))
    broken = environment(failures=failing_above('torchvision', 'ImportError: x'), **facts)
    assert 'detection uses' not in report(broken)


@pytest.mark.parametrize(
    ('torch', 'torchvision', 'error'),
    [
        ('2.14.1+cpu', '0.29.1', 'RuntimeError: operator torchvision::nms does not exist'),
        ('2.14.1', '0.27.0', 'ImportError: undefined symbol'),
    ],
)
def test_torch_and_torchvision_of_different_builds(torch, torchvision, error):
    versions = {**ONEDL, 'torch': torch, 'torchvision': torchvision}
    found = environment(versions, failing_above('torchvision', error))
    problem, mend = only_finding(found)
    assert f'torchvision {torchvision} and torch {torch} come from different builds' in problem
    assert "--force-reinstall 'torch===2.14.1' torchvision==0.29.1" in mend
    assert works(found) == NOTHING


@pytest.mark.parametrize(
    ('more', 'less', 'named'),
    [
        ({'mmcv': '2.1.0'}, None, 'onedl-mmcv, mmcv'),
        ({'mmdet': '3.3.0'}, 'onedl-mmdetection', 'onedl-mmpretrain, mmdet'),
    ],
    ids=['in one folder', 'mixed'],
)
def test_packages_side_by_side(more, less, named):
    versions = {**ONEDL, **more}
    versions.pop(less, None)
    failures = failing_above('mmcv', "ModuleNotFoundError: No module named 'mmcv'")
    problem, mend = only_finding(environment(versions, failures))
    assert 'side by side' in problem and named in problem
    assert diagnose(environment(versions)) == [(problem, mend)]
    uninstall, install = mend.splitlines()
    assert set(uninstall.split()[3:]) == {name for name in versions if 'mm' in name}
    assert 'onedl-mmcv==2.3.6' in install


def test_transformers_5():
    error = 'TypeError: NoneType takes no arguments'
    versions = {**ONEDL, 'transformers': '5.2.0'}
    found = environment(versions, {'mmpretrain': error})
    problem, mend = only_finding(found)
    assert 'transformers 5.2.0' in problem
    assert mend == "pip install 'transformers<5'"
    assert works(found) == NOTHING
    working = environment({**ONEDL, 'transformers': '4.57.0'}, {'mmpretrain': error})
    assert 'transformers' not in only_finding(working).problem


@pytest.mark.parametrize(
    ('trial', 'error'),
    [
        ('torch with numpy', 'RuntimeError: Numpy is not available'),
        ('cv2', 'ImportError: numpy.core.multiarray failed to import'),
        ('mmdet', 'ValueError: numpy.dtype size changed, may indicate binary incompatibility'),
    ],
)
def test_numpy_that_does_not_fit(trial, error):
    versions = {**OPENMMLAB, 'numpy': '2.2.6'}
    problem, mend = only_finding(environment(versions, failing_above(trial, error)))
    assert 'numpy 2.2.6' in problem
    assert mend == "pip install 'numpy<2'"


@pytest.mark.parametrize('library', ['libGL.so.1', 'libgthread-2.0.so.0'])
def test_opencv_without_a_system_library(library):
    error = f'ImportError: {library}: cannot open shared object file: No such file or directory'
    found = environment(failures=failing_above('cv2', error))
    problem, mend = only_finding(found)
    assert library in problem
    assert mend == 'apt-get install -y libgl1 libglib2.0-0'
    assert works(found) == NOTHING


@pytest.mark.parametrize(
    ('python', 'expected'), [((3, 9), NOTHING), ((3, 13), ON_CPU), ((3, 14), ON_CPU)]
)
def test_a_python_outside_the_tested_range(python, expected):
    found = environment(python=python)
    problem, mend = only_finding(found)
    assert f'Python {python[0]}.{python[1]} is outside the tested range' in problem
    assert 'PYTHON=python3.12' in mend
    assert works(found) == expected


def test_the_classic_stack_without_pkg_resources():
    error = "ModuleNotFoundError: No module named 'pkg_resources'"
    problem, mend = only_finding(environment(OPENMMLAB, failing_above('mmengine', error)))
    assert 'mmengine 0.10.7 needs pkg_resources' in problem
    assert mend == "pip install 'setuptools<70'"


def test_a_package_whose_files_are_gone_is_installed_anew():
    error = "ModuleNotFoundError: No module named 'mmengine'"
    problem, mend = only_finding(environment(failures=failing_above('mmengine', error)))
    assert 'mmengine 0.10.12 cannot be imported' in problem
    assert mend == 'pip install --force-reinstall --no-deps onedl-mmengine==0.10.12'


def test_an_empty_environment_names_every_package_once_in_order():
    failures = {
        name: f"ModuleNotFoundError: No module named '{trial.package}'"
        for name, trial in TRIALS.items()
    }
    found = environment({}, failures)
    problems = [finding.problem for finding in diagnose(found)]
    order = ['numpy', 'torch', 'torchvision', 'cv2', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet']
    assert [problem.split()[0] for problem in problems] == order
    assert all('is not installed' in problem for problem in problems)
    assert works(found) == NOTHING


def test_pretraining_needs_no_mmdet():
    versions = {name: version for name, version in ONEDL.items() if name != 'onedl-mmdetection'}
    failures = {
        'mmdet': "ModuleNotFoundError: No module named 'mmdet'",
    }
    found = environment(versions, failures)
    assert works(found) == PRETRAIN_ONLY
    assert 'only detection needs' in only_finding(found).problem


@pytest.mark.parametrize('trial', TRIALS)
def test_whatever_fails_there_is_exactly_one_finding_for_the_cause(trial):
    error = 'SomeError: never seen before'
    problem, mend = only_finding(environment(failures=failing_above(trial, error)))
    assert error in problem
    assert mend.startswith('pip')


def test_report_shows_versions_problems_and_what_works():
    error = 'ImportError: undefined symbol'
    text = report(environment(failures=failing_above('mmcv._ext', error), cuda='13.0'))
    assert 'Python 3.11' in text and 'onedl-mmcv 2.3.6' in text
    assert 'torch is built for CUDA 13.0, GPU: none' in text
    assert "Problem: mmcv's compiled operators" in text
    assert '\n    pip uninstall -y onedl-mmcv\n' in text
    assert re.search(r'^pretrain +works$', text, re.MULTILINE)
    assert re.search(r'^detect on CPU +does not work$', text, re.MULTILINE)
    assert re.search(r'^detect on GPU +torch sees no GPU$', text, re.MULTILINE)


@pytest.mark.parametrize(('failures', 'status'), [({}, 0), ({'mmpretrain': 'ImportError: x'}, 1)])
def test_the_exit_status_says_whether_pretraining_works(failures, status, monkeypatch, capsys):
    monkeypatch.setattr(check_env, 'gather', lambda found: environment(failures=failures))
    monkeypatch.setattr(sys, 'argv', ['check_env'])
    assert check_env.main() == status
    assert 'detect on GPU' in capsys.readouterr().out


def test_the_current_stack_is_what_make_installs():
    pinned = (ROOT / 'requirements/pinned.txt').read_text().split()
    for package in ('torch', 'torchvision', 'numpy', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet'):
        assert getattr(CURRENT, package).strip("'") in pinned, package
