import pytest

from mmgreen.apis import progress as module
from mmgreen.apis.progress import progress


@pytest.mark.parametrize('is_terminal', [True, False])
def test_all_come_in_their_order(monkeypatch, capsys, is_terminal):
    monkeypatch.setattr('sys.stdout.isatty', lambda: is_terminal)
    assert list(progress(iter(range(5)), 'Tiles', 5)) == list(range(5))


def test_elsewhere_a_line_now_and_then(monkeypatch, capsys):
    times = iter([0, 15, 25, 25, 30, 50, 50])
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(times))
    list(progress(range(4), 'Tiles', 4))
    assert capsys.readouterr().out == 'Tiles: 2 of 4\n'
