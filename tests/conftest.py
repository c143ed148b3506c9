from functools import lru_cache

import mmengine.config.utils
import pytest
import torch
from mmengine.registry import DefaultScope

import mmgreen  # noqa: F401  before mmcv.ops, which asks for operators as soon as it is imported

# For every base 'mmdet::…' mmengine reads mmdet's hundred metafiles again, a third of a second.
mmengine.config.utils.load = lru_cache(mmengine.config.utils.load)


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
