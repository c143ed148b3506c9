import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def scope_of_its_own():
    """No default scope but the one a test sets: mmengine keeps it for the whole process."""
    DefaultScope._instance_dict.clear()
    yield
    DefaultScope._instance_dict.clear()
