import numpy as np
import pytest
import torch
from PIL import Image

import mmgreen
from mmgreen.analysis.benchmark import Failure, Figures, Setting, Spread
from mmgreen.analysis.benchmark_report import as_table, draw, report


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


def test_what_was_too_large_to_measure_leaves_the_rest(tmp_path):
    whole = figures('a.py', setting(batch=1))
    part = figures('a.py', setting(batch=2))._replace(megabytes_per_image=None, matrix_share=None)
    rows = as_table([whole, part]).splitlines()
    assert rows[3].endswith('| 1.000 (1.000 to 1.000) | too large | 4.0 | too large |')
    draw([whole, part], tmp_path / 'curves.png')
    draw([part], tmp_path / 'bars.png')


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
    with pytest.raises(ValueError, match='mask ratio and batch vary; let one'):
        draw(two, tmp_path / 'x.png')
    with pytest.raises(ValueError, match='Nothing was measured'):
        draw([Failure('a.py', setting(), 'why')], tmp_path / 'x.png')
    assert not list(tmp_path.iterdir())


def demo(name):
    return mmgreen.config_file(f'demo/{name}.py')


def test_a_report_has_table_picture_and_who_failed(tmp_path):
    bad = tmp_path / 'bad.py'
    bad.write_text("model = dict(type='mmgreen.Nothing')")
    configs = [demo('swin_pretrain'), str(bad), demo('vit_pretrain')]
    settings = [setting(batch=batch, size=(128, 128)) for batch in (1, 2)]
    text, failed = report(configs, settings, 1, tmp_path / 'picture.png')
    rows = text.splitlines()
    assert rows[0].startswith('| model | batch |') and len(rows) == 8
    assert failed == [str(bad)] and sum('failed' in row for row in rows) == 2
    assert (tmp_path / 'picture.png').exists()


def test_a_report_says_that_scores_of_different_data_cannot_be_compared(tmp_path):
    other = tmp_path / 'other.py'
    other.write_text(
        f'_base_ = [{demo("swin_pretrain")!r}]\n'
        "train_dataloader = dict(dataset=dict(data_root='elsewhere'))\n"
    )
    text, failed = report([demo('swin_pretrain'), str(other)], [setting(size=(128, 128))], 1)
    assert 'scores cannot' in text.splitlines()[0] and 'elsewhere' in text and not failed


def test_what_cannot_be_compared_is_refused_before_anything_is_measured(tmp_path):
    two = [demo('swin_pretrain'), demo('swin_mask_rcnn')]
    with pytest.raises(ValueError, match='is for pretraining, but .* is for detection'):
        report(two, [setting()], 1)
    several = [setting(batch=1, ratio=0.4), setting(ratio=0.6)]
    with pytest.raises(ValueError, match='let one of them vary'):
        report(two[:1], several, 1, tmp_path / 'x.png')


def test_a_table_is_not_lost_where_nothing_could_be_measured(tmp_path):
    bad = tmp_path / 'bad.py'
    bad.write_text("model = dict(type='mmgreen.Nothing')")
    text, failed = report([str(bad)], [setting()], 1, tmp_path / 'x.png')
    assert 'failed: KeyError' in text and failed == [str(bad)]
