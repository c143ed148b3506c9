import gc
import os
from functools import lru_cache

# Before torch is loaded: with a process for each core, threads of each only stand in the way.
if 'PYTEST_XDIST_WORKER' in os.environ:
    os.environ.setdefault('OMP_NUM_THREADS', '1')

import mmengine.config.utils
import pytest
import torch
from mmengine.registry import DefaultScope
from quick_yapf import remember_layouts
from warm_python import warm_python

import mmgreen  # noqa: F401  before mmcv.ops, which asks for operators as soon as it is imported

# For every base 'mmdet::…' mmengine reads mmdet's hundred metafiles again, a third of a second.
mmengine.config.utils.load = lru_cache(mmengine.config.utils.load)
remember_layouts()


# They take longest, so they begin first.
LONGEST = (
    'test_whole_way.py',
    'test_swin.py',
    'test_inheritance.py',
    'test_detection.py',
    'test_finetuning.py',
    'test_benchmark.py',
)


def pytest_collection_modifyitems(items):
    """The longest files first, all others in their order."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish():
    """What is imported is not looked through at each collection of garbage.

    mmengine collects for every data set that is made, and half a second went into it each time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def scope_of_its_own():
    """No default scope but the one a test sets: mmengine keeps it for the whole process."""
    DefaultScope._instance_dict.clear()
    yield
    DefaultScope._instance_dict.clear()


@pytest.fixture
def without_values(monkeypatch):
    """Networks are built without drawing their weights, where only names and shapes matter."""
    for name in vars(torch.nn.init):
        if name.endswith('_') and not name.startswith('_'):
            monkeypatch.setattr(torch.nn.init, name, lambda tensor, *args, **options: tensor)


@pytest.fixture(scope='session')
def python():
    """A Python for tools: it is ready at once, see ``warm_python.py``."""
    with warm_python() as program:
        yield program
