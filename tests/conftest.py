import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def scope_of_its_own():
    """Forgets the default scope that a test sets: mmengine keeps it for the whole process."""
    before = DefaultScope._instance_dict.copy()
    yield
    DefaultScope._instance_dict = before
