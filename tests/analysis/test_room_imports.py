import pytest

from mmgreen.analysis.room_imports import count_arrows, draw, files_of, imports_of


@pytest.fixture
def package(tmp_path):
    """A house in which ``ops`` looks up to ``nets``, in a function."""
    texts = {
        '__init__.py': '',
        'ops/a.py': 'import torch\ndef f():\n    from house.nets import b\n',
        'nets/b.py': 'from house.ops.a import f\nimport house.ops.a\n',
        'nets/c.py': 'from house.ops import a\nfrom house.nets.b import f\n',
        'configs/d.py': 'from house.nets import b\n',
    }
    for name, text in texts.items():
        path = tmp_path / 'house' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / 'house'


def test_arrows_are_counted_by_file_those_in_functions_included(package):
    assert count_arrows(package) == {('ops', 'nets'): 1, ('nets', 'ops'): 2}
    assert sorted(files_of(package).values()) == ['__init__', 'nets', 'nets', 'ops']


def test_arrows_that_go_up_are_returned_and_drawn(package, tmp_path):
    assert draw(package, tmp_path / 'rooms.png') == [('ops', 'nets')]
    assert (tmp_path / 'rooms.png').stat().st_size > 1000


def test_a_relative_import_is_refused(tmp_path):
    (tmp_path / 'a.py').write_text('\nfrom .b import c\n')
    with pytest.raises(ValueError, match=r'a\.py:2 imports from a relative place'):
        list(imports_of(tmp_path / 'a.py'))
