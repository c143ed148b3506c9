import ast
import builtins

import pytest
from repository import ROOT

import mmgreen.errors
from mmgreen.errors import InputError

# What is no matter of what a user gave: an argument of a function, a disk, another process.
OTHERS = {
    'mmgreen/ops/masking.py': {'TypeError'},
    'mmgreen/apis/found_objects.py': {'OSError'},
    'mmgreen/analysis/benchmark.py': {'RuntimeError'},
    'mmgreen/operators/mmcv_ext.py': {'AttributeError', 'ImportError', 'NotImplementedError'},
}
FILES = sorted((ROOT / 'mmgreen').rglob('*.py'))


KINDS = [each for each in vars(mmgreen.errors).values() if isinstance(each, type)]


@pytest.mark.parametrize('kind', KINDS)
def test_all_are_of_one_class(kind):
    assert issubclass(kind, InputError) and issubclass(kind, ValueError)
    assert str(kind('One sentence.')) == 'One sentence.'


def test_no_error_is_made_that_tools_would_end_in_a_trace_with():
    """However it is raised: a function may return it."""
    made = {}
    for file in FILES:
        if '.mim' in file.parts:
            continue
        calls = (each for each in ast.walk(ast.parse(file.read_text())) if is_error(each))
        names = {each.func.id for each in calls}
        if names:
            made[str(file.relative_to(ROOT))] = names
    assert made == OTHERS


def is_error(node):
    """Whether an error of Python's own is made here; FloatingPointError and the like included."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    kind = getattr(builtins, node.func.id, None)
    ends = (SystemExit, KeyboardInterrupt, StopIteration)
    return isinstance(kind, type) and issubclass(kind, BaseException) and not issubclass(kind, ends)
