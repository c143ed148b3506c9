"""What is wrong with a Python environment, and the commands that mend it."""

from __future__ import annotations

import re
from typing import NamedTuple

from mmgreen import __version__
from mmgreen.check_env.environment import MM_PACKAGES, NO_CUDA, TRIALS, Environment

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 12)

# Trials that detection needs and pretraining does not.
ONLY_FOR_DETECTION = {'mmcv._ext', 'mmdet'}


class Stack(NamedTuple):
    """Packages that were tried together, as pip names them, and how mmcv alone is installed."""

    torch: str
    torchvision: str
    numpy: str
    cv2: str
    mmengine: str
    mmcv: str
    mmpretrain: str
    mmdet: str
    without_operators: str


CURRENT = Stack(
    # Three equal signs: two would accept a '+cpu' build, which PyPI's torchvision does not fit.
    torch="'torch===2.14.1'",
    torchvision='torchvision==0.29.1',
    numpy='numpy==2.2.6',
    cv2='opencv-python',
    mmengine='onedl-mmengine==0.10.12',
    mmcv='onedl-mmcv==2.3.6',
    mmpretrain='onedl-mmpretrain==1.3.6',
    mmdet='onedl-mmdetection==3.5.1',
    # pip builds it apart from torch, so nothing is compiled.
    without_operators='pip install --no-cache-dir onedl-mmcv==2.3.6',
)
CLASSIC = Stack(
    torch="'torch===2.1.2'",
    torchvision='torchvision==0.16.2',
    numpy="'numpy<2'",
    cv2="'opencv-python<4.12'",
    mmengine='mmengine==0.10.7',
    mmcv='mmcv==2.1.0',
    mmpretrain='mmpretrain==1.2.0',
    mmdet='mmdet==3.3.0',
    without_operators="pip install wheel 'setuptools<70'\n"
    'MMCV_WITH_OPS=0 pip install --no-build-isolation --no-cache-dir mmcv==2.1.0',
)


class Finding(NamedTuple):
    """What is wrong, in a sentence, and the commands that mend it, one per line."""

    problem: str
    mend: str


def works(environment: Environment) -> dict[str, bool]:
    """Whether one can pretrain, detect on a CPU and detect on a GPU."""
    failed = set(environment.failures)
    pretrain = environment.python >= OLDEST_PYTHON and failed <= ONLY_FOR_DETECTION
    on_cpu = pretrain and not failed
    on_gpu = on_cpu and environment.gpu is not None
    on_gpu = on_gpu and not _compiled_without_cuda(environment) and not _builds_differ(environment)
    return {'pretrain': pretrain, 'detect on CPU': on_cpu, 'detect on GPU': on_gpu}


def diagnose(environment: Environment) -> list[Finding]:
    """Everything that is wrong, causes only: nothing about what leans on another failure."""
    side_by_side = _side_by_side(environment)
    # Of packages that overwrite one another, no single failure means anything.
    hidden = MM_PACKAGES if side_by_side else ()
    causes = [
        trial
        for trial in TRIALS
        if _is_cause(trial, environment) and TRIALS[trial].package not in hidden
    ]
    findings = [
        _untested_python(environment),
        side_by_side,
        *(_explain(trial, environment) for trial in causes),
        _operators_without_cuda(environment),
        _mixed_cuda(environment),
    ]
    return [finding for finding in dict.fromkeys(findings) if finding]


def _is_cause(trial: str, environment: Environment) -> bool:
    """Whether it failed by itself, not for what it leans on; a missing package always did."""
    failed = environment.failures.keys()
    return trial in failed and (_is_missing(trial, environment) or not failed & _below(trial))


def _is_missing(trial: str, environment: Environment) -> bool:
    """Whether it failed because its package is not installed."""
    return f"No module named '{TRIALS[trial].package}'" in environment.failures[trial]


def _below(trial: str) -> set[str]:
    """The trials on which one leans, directly or not."""
    direct = TRIALS[trial].leans_on
    return set(direct).union(*map(_below, direct))


def _stack(environment: Environment) -> Stack:
    """The tested combination that is nearest to what is installed."""
    found = environment.mm_packages()
    return CLASSIC if found and not any(map(_is_onedl, found)) else CURRENT


def _is_onedl(published: str) -> bool:
    return published.startswith('onedl-')


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers of a version, () of ''."""
    return tuple(int(number) for number in re.findall(r'\d+', version)[:2])


def _untested_python(environment: Environment) -> Finding | None:
    if OLDEST_PYTHON <= environment.python <= NEWEST_PYTHON:
        return None
    version = '.'.join(map(str, environment.python))
    return Finding(
        f'Python {version} is outside the tested range, 3.10 to 3.12.',
        'make env PYTHON=python3.12',
    )


def _side_by_side(environment: Environment) -> Finding | None:
    found = environment.mm_packages()
    num_onedl = sum(map(_is_onedl, found))
    twice = any(len(environment.published(package)) > 1 for package in MM_PACKAGES)
    if not twice and num_onedl in (0, len(found)):
        return None
    four = f'{CURRENT.mmengine} {CURRENT.mmcv} {CURRENT.mmdet} {CURRENT.mmpretrain}'
    return Finding(
        f'Packages that replace one another are side by side: {", ".join(found)}.',
        f'pip uninstall -y {" ".join(found)}\npip install --no-cache-dir {four}',
    )


def _explain(trial: str, environment: Environment) -> Finding:
    """Why a trial failed by itself."""
    package = TRIALS[trial].package
    error, version = environment.failures[trial], environment.version(package)
    stack = _stack(environment)
    if _is_missing(trial, environment) and not version:
        return _not_installed(package, environment)
    if trial == 'cv2' and re.search(r'lib(GL|gthread|glib)', error):
        return Finding(
            f'OpenCV needs a system library that is missing here ({error}).',
            'apt-get install -y libgl1 libglib2.0-0',
        )
    if trial == 'torch with numpy' or 'numpy' in error.lower():
        return Finding(
            f'numpy {environment.version("numpy")} does not fit the packages around it ({error}).',
            f'pip install {stack.numpy}',
        )
    if trial == 'torchvision':
        torch = environment.version('torch')
        return Finding(
            f'torchvision {version} and torch {torch} come from different builds ({error}).',
            _both_anew(environment),
        )
    transformers = environment.version('transformers')
    if trial == 'mmpretrain' and _release(transformers) >= (5,):
        return Finding(
            f'transformers {transformers} breaks the import of mmpretrain ({error}).',
            "pip install 'transformers<5'",
        )
    if 'pkg_resources' in error:
        return Finding(
            f'{package} {version} needs pkg_resources, which setuptools no longer has ({error}).',
            "pip install 'setuptools<70'",
        )
    if trial == 'mmcv._ext':
        return _operators_of_another_torch(environment)
    return Finding(
        f'{package} {version} cannot be imported ({error}).', _install(package, environment)
    )


def _not_installed(package: str, environment: Environment) -> Finding:
    notes = {
        'mmdet': ' (only detection needs it)',
        'torchvision': '; mmpretrain and mmdet cannot be imported without it, and it has to be of '
        "torch's build, so both are taken from one place",
    }
    if package == 'torchvision' and environment.published('torch'):
        return Finding(f'{package} is not installed{notes[package]}.', _both_anew(environment))
    return Finding(
        f'{package} is not installed{notes.get(package, "")}.', _install(package, environment)
    )


def _operators_of_another_torch(environment: Environment) -> Finding:
    return Finding(
        f"mmcv's compiled operators do not run with torch {environment.version('torch')} "
        f'({environment.failures["mmcv._ext"]}); without them detection uses those of torchvision.',
        _mmcv_without_operators(environment),
    )


def _compiled_without_cuda(environment: Environment) -> bool:
    return environment.compiled and environment.mmcv_cuda == NO_CUDA


def _operators_without_cuda(environment: Environment) -> Finding | None:
    if environment.gpu is None or not _compiled_without_cuda(environment):
        return None
    return Finding(
        f"torch sees a GPU ({environment.gpu}), but mmcv's operators were compiled without CUDA; "
        'without them detection uses those of torchvision, which run on it.',
        _mmcv_without_operators(environment),
    )


def _builds(environment: Environment) -> dict[str, str]:
    """For which CUDA each of the packages that hold code for a GPU was built, '' for none."""
    builds = {'torch': environment.cuda or ''}
    if environment.runs('torchvision'):
        builds['torchvision'] = environment.torchvision_cuda or ''
    # Operators without CUDA are a finding of their own, and no harm without a GPU.
    if environment.compiled and not _compiled_without_cuda(environment):
        builds["mmcv's operators"] = environment.mmcv_cuda
    return builds


def _builds_differ(environment: Environment) -> bool:
    """Whether they are for different versions of CUDA; the second number of one may differ."""
    return len(set(map(_release_of_cuda, _builds(environment).values()))) > 1


def _release_of_cuda(build: str) -> str:
    return build.partition('.')[0]


def _mixed_cuda(environment: Environment) -> Finding | None:
    if not environment.runs('torch') or not _builds_differ(environment):
        return None
    builds = _builds(environment)
    words = {name: f'for CUDA {build}' if build else 'without' for name, build in builds.items()}
    pair = [builds['torch'], builds.get('torchvision', builds['torch'])]
    fit = len(set(map(_release_of_cuda, pair))) == 1
    return Finding(
        'Builds for different CUDA are mixed, which fails as soon as a GPU is used: '
        f'{", ".join(f"{name} {word}" for name, word in words.items())}.',
        _mmcv_without_operators(environment) if fit else _both_anew(environment),
    )


def _both_anew(environment: Environment) -> str:
    """The command that takes torch and torchvision from one place."""
    stack = _stack(environment)
    return f'pip install --force-reinstall {stack.torch} {stack.torchvision} {stack.numpy}'


def _install(package: str, environment: Environment) -> str:
    """The commands that put the tested version in the place of whatever is there."""
    if package == 'mmcv':
        return _mmcv_without_operators(environment)
    anew = '--force-reinstall --no-deps ' if environment.published(package) else ''
    return f'pip install {anew}{getattr(_stack(environment), package)}'


def _mmcv_without_operators(environment: Environment) -> str:
    """The commands that put an mmcv that compiles nothing in the place of what is installed.

    ``--no-cache-dir``: pip may have kept a wheel that was compiled for another torch.
    """
    old = ' '.join(environment.published('mmcv'))
    uninstall = f'pip uninstall -y {old}\n' if old else ''
    return uninstall + _stack(environment).without_operators


def _operators(environment: Environment) -> str:
    """Which operators detection uses, and what that means."""
    if environment.compiled:
        cuda = 'without CUDA' if environment.mmcv_cuda == NO_CUDA else environment.mmcv_cuda
        return f'detection uses the compiled operators of mmcv (CUDA: {cuda})'
    return (
        "detection uses torchvision's operators (NMS, RoIAlign), on a CPU and a GPU, since mmcv "
        'has none of its own here.\n'
        "Mask R-CNN and DINO run as with mmcv's; what torchvision lacks, such as deformable "
        'convolution, says so when it is called.\n'
        'Should pip have kept this mmcv, \'pip cache remove "*mmcv*"\' '
        'lets other projects compile theirs.'
    )


def report(environment: Environment) -> str:
    """What is here, what is wrong with it and what works, as text for a terminal."""
    python = '.'.join(map(str, environment.python))
    installed = [f'{name} {version}' for name, version in environment.versions.items()]
    lines = [', '.join([f'mmgreen {__version__}', f'Python {python}', *installed])]
    if 'torch' in environment.versions:
        build = f'for CUDA {environment.cuda}' if environment.cuda else 'without CUDA'
        lines += [f'torch is built {build}, GPU: {environment.gpu or "none"}']
    if not environment.failures.keys() & {'mmcv._ext', *_below('mmcv._ext')}:
        lines += [_operators(environment)]
    for problem, mend in diagnose(environment):
        lines += ['', f'Problem: {problem}', *(f'    {command}' for command in mend.splitlines())]
    can = works(environment)
    answers = {task: 'works' if can[task] else 'does not work' for task in can}
    if environment.gpu is None:
        answers['detect on GPU'] = 'torch sees no GPU'
    lines += ['', *(f'{task:<15}{answer}' for task, answer in answers.items())]
    return '\n'.join(lines)
