import pytest

from mmgreen import starts


def test_the_table_has_mean_deviation_and_every_value():
    scores = {
        'pretrained': [{'box AP': 50.0}, {'box AP': 52.0}],
        'random': [{'box AP': 40.0}, {'box AP': 41.0}],
    }
    assert starts.as_table(scores).splitlines() == [
        '| start | seeds | box AP |',
        '|---|---|---|',
        '| pretrained | 2 | 51.0 ± 1.4 (50.0, 52.0) |',
        '| random | 2 | 40.5 ± 0.7 (40.0, 41.0) |',
    ]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(f'before\n\n{starts.BEGIN}\n\nold\n\n{starts.END}\nafter\n')
    for text in ('new', 'newer'):
        starts.write_between_marks(page, text)
        assert page.read_text() == (f'before\n\n{starts.BEGIN}\n\n{text}\n\n{starts.END}\nafter\n')


@pytest.mark.parametrize('text', ['nothing', starts.BEGIN, f'{starts.END} {starts.BEGIN}'])
def test_a_page_without_a_place_is_refused_and_left_alone(tmp_path, text):
    page = tmp_path / 'page.md'
    page.write_text(text)
    with pytest.raises(ValueError, match='no place for the table'):
        starts.write_between_marks(page, 'new')
    assert page.read_text() == text


def test_both_starts_run_with_every_seed_and_equal_settings(tmp_path, monkeypatch):
    ran = []

    def train_detector(tools, data, work_dir, start_from, seed):
        ran.append((work_dir.name, start_from, seed))

    monkeypatch.setattr(starts, 'pretrain', lambda *_: tmp_path / 'epoch_1.pth')
    monkeypatch.setattr(starts, 'train_detector', train_detector)
    monkeypatch.setattr(starts, 'last_value', lambda folder, key: 0.01 * int(folder.name[-1]))
    page = tmp_path / 'page.md'
    page.write_text(f'{starts.BEGIN}{starts.END}')
    table = starts.compare_starts(tmp_path, tmp_path, tmp_path, page, seeds=(4, 6))
    assert ran == [
        ('pretrained_4', tmp_path / 'epoch_1.pth', 4),
        ('random_4', None, 4),
        ('pretrained_6', tmp_path / 'epoch_1.pth', 6),
        ('random_6', None, 6),
    ]
    assert '| random | 2 | 5.0 ± 1.4 (4.0, 6.0) |' in table
    assert table in page.read_text()
