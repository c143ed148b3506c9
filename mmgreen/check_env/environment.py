"""What is installed in this Python environment, and what of it runs.

This file needs nothing but Python and asks nothing of the packages it looks at: imports
are tried in other processes, so a package that is missing, broken or crashes is an answer too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any, NamedTuple

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
        code: the statements to run.
        leans_on: trials without which this one cannot succeed.
        facts: an expression for what it then tells: a dict of attributes of :class:`Environment`.
    """

    package: str
    code: str
    leans_on: tuple[str, ...] = ()
    facts: str = '{}'


TRIALS = {
    'numpy': Trial('numpy', 'import numpy'),
    'torch': Trial('torch', 'import torch', facts='dict(cuda=torch.version.cuda)'),
    'torch with numpy': Trial(
        'numpy',
        'import torch; torch.zeros(1).numpy()',
        leans_on=('numpy', 'torch'),
        # Here and not with torch: a driver that fails must not hide what torch was built for.
        facts='dict(gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None)',
    ),
    'torchvision': Trial(
        'torchvision',
        'import torchvision',
        leans_on=('torch with numpy',),
        # Of a build for CUDA 13.0 this is 13000, and a build without CUDA has none.
        facts='(lambda n: dict(torchvision_cuda=n and f"{n // 1000}.{n % 1000 // 10}"))('
        'getattr(torchvision.version, "cuda", None))',
    ),
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
        'mmcv',
        'import mmgreen, torch, mmcv._ext',
        leans_on=('mmcv', 'torchvision'),
        facts='dict(mmcv_cuda=mmcv._ext.get_compiling_cuda_version(), '
        'compiled=not mmcv._ext.__file__.endswith(".py"))',
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
        torchvision_cuda: the CUDA version that torchvision was built for, None without CUDA.
        mmcv_cuda: the CUDA version that mmcv's operators were built for, or ``NO_CUDA``.
        compiled: whether mmcv has operators of its own.
    """

    python: tuple[int, int]
    versions: Mapping[str, str]
    failures: Mapping[str, str]
    cuda: str | None = None
    gpu: str | None = None
    torchvision_cuda: str | None = None
    mmcv_cuda: str = NO_CUDA
    compiled: bool = False

    def published(self, package: str) -> list[str]:
        """The published names under which ``package`` is installed."""
        return [name for name in PUBLISHED[package] if name in self.versions]

    def version(self, package: str) -> str:
        """Version of an installed package, '' of one that is not."""
        return next((self.versions[name] for name in self.published(package)), '')

    def runs(self, trial: str) -> bool:
        """Whether it was tried and did not fail."""
        return trial not in self.failures

    def mm_packages(self) -> list[str]:
        """The published names of all of OneDL's and OpenMMLab's packages that are installed."""
        return [name for package in MM_PACKAGES for name in self.published(package)]


Found = Callable[[str, float, 'str | None'], None]
"""Is told of a trial as soon as it is over: its name, its seconds, and its error or None."""


def gather(found: Found = lambda name, seconds, error: None) -> Environment:
    """Looks at this environment; ten seconds or so, in which a GB of libraries is loaded.

    All trials share one process, since each imports most of what the one before it did. Behind
    one that fails or crashes another process goes on, so that none spoils the next.

    Args:
        found: called after each trial.
    """
    failures: dict[str, str] = {}
    facts: dict[str, Any] = {}
    left = list(TRIALS)
    while left:
        for name, seconds, error, told in _try(left):
            left.remove(name)
            facts.update(told)
            if error:
                failures[name] = error
            found(name, seconds, error)
    names = [name for published in PUBLISHED.values() for name in published]
    return Environment(
        python=sys.version_info[:2],
        versions={name: version for name in names if (version := _installed_version(name))},
        failures=failures,
        **facts,
    )


def _try(names: Sequence[str]) -> Iterator[tuple[str, float, str | None, dict[str, Any]]]:
    """What came of trials, in one process, up to the first that fails; at least of one.

    Yields:
        Name, seconds, error or None, and facts.
    """
    trials = [(name, TRIALS[name].code, TRIALS[name].facts) for name in names]
    process = subprocess.Popen(
        [sys.executable, '-m', 'mmgreen.check_env.trying', json.dumps(trials)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    begin, done, error = time.perf_counter(), 0, None
    for line in process.stdout:
        name, seconds, error, told = json.loads(line)
        begin, done = time.perf_counter(), done + 1
        yield name, seconds, error, told
    status = process.wait()
    if not error and done < len(names):
        reason = f'killed by signal {-status}' if status < 0 else f'ended with status {status}'
        yield names[done], time.perf_counter() - begin, reason, {}


def _installed_version(published: str) -> str:
    try:
        return metadata.version(published)
    except metadata.PackageNotFoundError:
        return ''
