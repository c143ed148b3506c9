import pytest

import mmgreen
from mmgreen.demo import compare_starts


def test_the_table_has_mean_deviation_and_every_value():
    rows = [
        compare_starts.Row('greenmim', 'pretrained', [{'box AP': 50.0}, {'box AP': 52.0}]),
        compare_starts.Row('mae', 'random', [{'box AP': 40.0}, {'box AP': 41.0}]),
    ]
    assert compare_starts.as_table(rows).splitlines() == [
        '| method | backbone | start | box AP |',
        '|---|---|---|---|',
        '| greenmim | 2.3 M, 0.19 G | pretrained | 51.0 ± 1.4 (50.0, 52.0) |',
        '| mae | 2.0 M, 0.29 G | random | 40.5 ± 0.7 (40.0, 41.0) |',
    ]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(f'before\n\n{compare_starts.BEGIN}\n\nold\n\n{compare_starts.END}\nafter\n')
    for text in ('new', 'newer'):
        compare_starts.write_between_marks(page, text)
        assert page.read_text() == (
            f'before\n\n{compare_starts.BEGIN}\n\n{text}\n\n{compare_starts.END}\nafter\n'
        )


@pytest.mark.parametrize(
    'text', ['nothing', compare_starts.BEGIN, f'{compare_starts.END} {compare_starts.BEGIN}']
)
def test_a_page_without_a_place_is_refused_and_left_alone(tmp_path, text):
    page = tmp_path / 'page.md'
    page.write_text(text)
    with pytest.raises(ValueError, match='no place for the table'):
        compare_starts.write_between_marks(page, 'new')
    assert page.read_text() == text


def test_every_method_and_start_runs_with_every_seed_and_equal_settings(tmp_path, monkeypatch):
    ran = []

    def train_detector(tools, data, work_dir, start_from, seed, method):
        ran.append((work_dir.relative_to(tmp_path).as_posix(), start_from, seed, method))

    monkeypatch.setattr(
        compare_starts, 'pretrain', lambda tools, data, folder, method: folder / 'last.pth'
    )
    monkeypatch.setattr(compare_starts, 'train_detector', train_detector)
    monkeypatch.setattr(
        compare_starts, 'last_value', lambda folder, key: 0.01 * int(folder.name[-1])
    )
    page = tmp_path / 'page.md'
    page.write_text(f'{compare_starts.BEGIN}{compare_starts.END}')
    table = compare_starts.compare_starts(
        tmp_path, tmp_path, tmp_path, page, seeds=(4, 6), methods=('greenmim', 'mae')
    )
    assert ran == [
        (f'demo_{method}/starts/{start}_{seed}', path, seed, method)
        for method in ('greenmim', 'mae')
        for start, path in (
            ('pretrained', tmp_path / f'demo_{method}/last.pth'),
            ('random', None),
        )
        for seed in (4, 6)
    ]
    assert table.count('| 5.0 ± 1.4 (4.0, 6.0)') == 16
    assert table in page.read_text()


def test_methods_of_different_data_are_not_compared(tmp_path, monkeypatch):
    other = tmp_path / 'other_mask_rcnn_own_data.py'
    other.write_text(
        f'_base_ = [{mmgreen.config_file("hiera/hiera_t_mask_rcnn_own_data.py")!r}]\n'
        "train_dataloader = dict(dataset=dict(ann_file='b.json'))\n"
    )
    monkeypatch.setattr(
        compare_starts,
        'detection_config',
        lambda method: str(other) if method == 'other' else mmgreen.config_file(method),
    )
    methods = ('greenmim/swin_t_mask_rcnn_own_data.py', 'other')
    with pytest.raises(ValueError, match=r'train.json, but .*other.* trains on .*b.json; scores'):
        compare_starts.compare_starts(tmp_path, tmp_path, tmp_path, tmp_path, methods=methods)
