import numpy as np
import pytest
import torch
from PIL import Image

from mmgreen.benchmark import Failure, Figures, Setting, Spread
from mmgreen.benchmark_report import as_table, draw


def setting(batch=2, size=(64, 64), ratio=None):
    return Setting('train', batch, size, torch.device('cpu'), torch.float32, ratio)


def figures(name, where, seconds=2.0):
    spread = Spread(seconds, 0.5 * seconds, 2 * seconds)
    return Figures(name, where, spread, where.batch / seconds, Spread(1, 1, 1), 3.0, 4.0, 0.5)


def test_one_setting_has_no_column_of_its_own():
    rows = as_table([figures('a.py', setting()), figures('b.py', setting())]).splitlines()
    assert rows[0].startswith('| model | s / step') and len(rows) == 4
    assert rows[2] == (
        '| a.py | 2.000 (1.000 to 4.000) | 1.00 | 1.000 (1.000 to 1.000) | 3.0 | 4.0 | 0.50 |'
    )


def test_what_varies_has_a_column_and_failures_say_why():
    results = [
        figures('a.py', setting(ratio=0.4)),
        Failure('b.py', setting(ratio=0.4), 'ValueError: no'),
        figures('a.py', setting(ratio=0.9, size=(64, 96))),
    ]
    rows = as_table(results).splitlines()
    assert rows[0].startswith('| model | mask ratio | image | s / step')
    assert rows[3].startswith('| b.py | 0.4 | 64x64 px | failed: ValueError: no |')
    assert rows[4].startswith('| a.py | 0.9 | 64x96 px | 2.000')
    assert len({row.count('|') for row in rows}) == 1


@pytest.mark.parametrize('varies', ['nothing', 'ratio', 'size', 'batch'])
def test_a_picture_of_what_was_measured(tmp_path, varies):
    settings = {
        'nothing': [setting()],
        'ratio': [setting(ratio=ratio) for ratio in (0.4, 0.6, 0.9)],
        'size': [setting(size=(side, side)) for side in (64, 128)],
        'batch': [setting(batch=batch) for batch in (1, 2, 8)],
    }[varies]
    results = [figures(name, each) for each in settings for name in ('x/a.py', 'x/b.py')]
    path = tmp_path / 'new/picture.png'
    draw([*results, Failure('c.py', settings[0], 'why')], path)
    pixels = np.asarray(Image.open(path).convert('RGB'))
    assert pixels.shape[0] > 500 and len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


def test_what_cannot_be_drawn_is_refused(tmp_path):
    two = [figures('a.py', setting(batch=1, ratio=0.4)), figures('a.py', setting(ratio=0.6))]
    with pytest.raises(ValueError, match='mask ratio and batch vary'):
        draw(two, tmp_path / 'x.png')
    with pytest.raises(ValueError, match='Nothing was measured'):
        draw([Failure('a.py', setting(), 'why')], tmp_path / 'x.png')
    assert not list(tmp_path.iterdir())
