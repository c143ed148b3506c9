"""What is installed in this Python environment, and what of it runs.

This file needs nothing but Python and asks nothing of the packages it looks at: every import is
tried in a process of its own, so a package that is missing, broken or crashes is an answer too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import NamedTuple

NO_CUDA = 'not available'  # mmcv's own words for operators that were built without CUDA

# The names under which a package is published. Those of one mm package write into one folder.
MM_PACKAGES = {
    'mmengine': ('onedl-mmengine', 'mmengine'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'mmdet': ('onedl-mmdetection', 'mmdet'),
}
PUBLISHED = {
    'torch': ('torch',),
    'torchvision': ('torchvision',),
    'numpy': ('numpy',),
    'cv2': ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python'),
    'transformers': ('transformers',),
    **MM_PACKAGES,
}


class Trial(NamedTuple):
    """One thing that must work.

    Attributes:
        package: the importable package that is at fault when it fails.
        code: the statements to run in a new process.
        leans_on: trials without which this one cannot succeed.
    """

    package: str
    code: str
    leans_on: tuple[str, ...] = ()


TRIALS = {
    'numpy': Trial('numpy', 'import numpy'),
    'torch': Trial('torch', 'import torch'),
    'torch with numpy': Trial(
        'numpy', 'import torch; torch.zeros(1).numpy()', leans_on=('numpy', 'torch')
    ),
    'torchvision': Trial('torchvision', 'import torchvision', leans_on=('torch with numpy',)),
    'cv2': Trial('cv2', 'import cv2', leans_on=('numpy',)),
    'mmengine': Trial(
        'mmengine',
        "from mmengine import runner, utils; utils.get_installed_path('mmengine')",
        leans_on=('torch with numpy', 'cv2'),
    ),
    'mmcv': Trial('mmcv', 'import mmcv', leans_on=('mmengine',)),
    # Importing torch loads the libraries that compiled operators are linked to; importing mmgreen
    # puts torchvision's operators in their place where there are none.
    'mmcv._ext': Trial(
        'mmcv', 'import mmgreen, torch, mmcv._ext', leans_on=('mmcv', 'torchvision')
    ),
    'mmpretrain': Trial('mmpretrain', 'import mmpretrain.models', leans_on=('mmcv', 'torchvision')),
    'mmdet': Trial('mmdet', 'import mmgreen, mmdet.models', leans_on=('mmcv._ext',)),
}


class Environment(NamedTuple):
    """What is installed and what of it runs.

    Attributes:
        python: major and minor version.
        versions: version of every package that is installed, by its published name.
        failures: last line of the error of every trial that failed, by the trial's name.
        cuda: the CUDA version that torch was built for, None without CUDA.
        gpu: name of the GPU that torch sees, None without one.
        mmcv_cuda: the CUDA version that mmcv's operators were built for, or ``NO_CUDA``.
        compiled: whether mmcv has operators of its own.
    """

    python: tuple[int, int]
    versions: Mapping[str, str]
    failures: Mapping[str, str]
    cuda: str | None = None
    gpu: str | None = None
    mmcv_cuda: str = NO_CUDA
    compiled: bool = False

    def published(self, package: str) -> list[str]:
        """The published names under which ``package`` is installed."""
        return [name for name in PUBLISHED[package] if name in self.versions]

    def version(self, package: str) -> str:
        """Version of an installed package, '' of one that is not."""
        return next((self.versions[name] for name in self.published(package)), '')

    def mm_packages(self) -> list[str]:
        """The published names of all of OneDL's and OpenMMLab's packages that are installed."""
        return [name for package in MM_PACKAGES for name in self.published(package)]


def gather() -> Environment:
    """Looks at this environment: a minute or so, since every trial is a new process."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        runs = dict(zip(TRIALS, pool.map(_run, [trial.code for trial in TRIALS.values()])))
    facts = _ask(
        'import torch; gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None',
        'dict(cuda=torch.version.cuda, gpu=gpu)',
    )
    operators = _ask(
        'import mmgreen, torch, mmcv._ext as operators',
        'dict(mmcv_cuda=operators.get_compiling_cuda_version(), '
        'compiled=not operators.__file__.endswith(".py"))',
    )
    names = [name for published in PUBLISHED.values() for name in published]
    return Environment(
        python=sys.version_info[:2],
        versions={name: version for name in names if (version := _installed_version(name))},
        failures={name: _last_line(run) for name, run in runs.items() if run.returncode},
        **facts,
        **operators,
    )


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)


def _ask(code: str, answer: str) -> dict[str, str | None]:
    """Value of the expression ``answer`` after ``code`` in a new process, {} if that fails."""
    run = _run(f'{code}\nimport json; print(json.dumps({answer}))')
    return {} if run.returncode else json.loads(run.stdout.splitlines()[-1])


def _last_line(run: subprocess.CompletedProcess[str]) -> str:
    if run.returncode < 0:
        return f'killed by signal {-run.returncode}'
    return run.stderr.strip().splitlines()[-1].strip()


def _installed_version(published: str) -> str:
    try:
        return metadata.version(published)
    except metadata.PackageNotFoundError:
        return ''
