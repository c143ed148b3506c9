import json
import math

import pytest

from mmgreen.analysis.label_report import (
    as_markdown,
    gain,
    interval,
    read_curve,
    sentences,
    write_report,
)


def write_curve(path, scores, **more):
    """``scores``: by (start, wanted), one of each seed."""
    runs = [
        dict(purpose='result', start=start, wanted=wanted, seed=seed, length=1.0, score=score,
             labels=wanted or 500, lr=1e-3, layer_decay=1.0, **more)
        for (start, wanted), each in scores.items()
        for seed, score in enumerate(each)
    ]  # fmt: skip
    runs.append({**runs[0], 'purpose': 'choice', 'score': 99.0})
    path.write_text(json.dumps(dict(unit='boxes', metric='coco/bbox_mAP', runs=runs)))
    return read_curve(path)


def test_an_interval_by_hand():
    # t(0.975; 4) = 2.7764; the deviation of these is sqrt(2.5).
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    reach = 2.7764 * math.sqrt(2.5 / 5)
    assert found == pytest.approx((3.0, 3.0 - reach, 3.0 + reach), abs=1e-3)
    assert math.isnan(interval([1.0]).low)


@pytest.fixture
def curve(tmp_path):
    return write_curve(
        tmp_path / 'label_curve.json',
        {
            ('none', 30): [10.0, 20.0, 30.0],
            ('own', 30): [14.0, 25.0, 34.0],
            ('none', None): [50.0, 52.0, 54.0],
            ('own', None): [53.0, 51.0, 55.0],
        },
    )


def test_differences_are_paired_by_seed(curve):
    assert gain(curve, 'own', 'none', 30, 1.0) == [4.0, 5.0, 4.0]
    # The starts overlap widely, the pairs do not.
    low, high = interval([10.0, 20.0, 30.0]), interval([14.0, 25.0, 34.0])
    assert low.high > high.low and interval([4.0, 5.0, 4.0]).low > 0


def test_a_winner_is_named_only_where_the_interval_leaves_out_zero(curve):
    few, many = sentences(curve)
    assert few.startswith('With 30 boxes own gains 4.3 [2.9, 5.8] over none')
    assert many.startswith('With all boxes own and none cannot be told apart (1.0 [-')


def test_a_gain_that_is_0_in_the_digits_shown_is_none(tmp_path):
    scores = {('none', None): [4.7, 5.3, 4.5], ('own', None): [7.5, 6.6, 7.6]}
    curve = write_curve(tmp_path / 'c.json', scores)
    assert 0 < interval(gain(curve, 'own', 'none', None, 1.0)).low < 0.05
    assert sentences(curve) == [
        'With all boxes own and none cannot be told apart (2.4 [0.0, 4.8]).'
    ]


def test_a_loss_is_a_loss(tmp_path):
    curve = write_curve(tmp_path / 'c.json', {('none', 30): [9.0, 9.5], ('own', 30): [5.0, 5.5]})
    assert sentences(curve) == ['With 30 boxes own loses 4.0 [4.0, 4.0] to none.']
    alone = write_curve(tmp_path / 'd.json', {('none', 30): [9.0], ('own', 30): [5.0]})
    assert 'of one seed' in sentences(alone)[0]


def test_it_says_how_many_labels_are_spared(tmp_path):
    scores = {
        ('none', 30): [20.0, 22.0],
        ('none', 100): [30.0, 33.0],
        ('none', 300): [38.0, 40.0],
        ('none', None): [50.0, 50.0],
        ('own', 30): [28.0, 29.0],  # below none's 100
        ('own', 100): [39.0, 40.0],  # none's 300, by 0.5
        ('own', 300): [45.0, 46.0],
        ('own', None): [51.0, 51.0],
    }
    said = sentences(write_curve(tmp_path / 'c.json', scores))
    assert [each for each in said if 'reaches' in each] == [
        'With 100 boxes own reaches what none has with 300 (above it by 0.5 [-5.9, 6.9]).'
    ]
    scores[('own', 30)] = [51.0, 50.0]
    said = sentences(write_curve(tmp_path / 'd.json', scores))
    assert 'With 30 boxes own reaches what none has with all (above it by 0.5' in said[4]
    assert sum('reaches' in each for each in said) == 2


def test_the_table_has_a_row_for_each_amount(curve):
    head, _, few, many, *_ = as_markdown(curve).splitlines()
    assert head == '| boxes | length | none | own | own - none |'
    assert few.startswith('| 30 | 1 | 20.0 [-4.8, 44.8] |') and many.startswith('| all | 1 | 52.0')
    assert '99' not in as_markdown(curve)  # choices are no results


def test_table_and_figure_lie_beside_the_file(curve, tmp_path):
    write_report(tmp_path / 'label_curve.json')
    assert (tmp_path / 'label_curve.md').read_text() == as_markdown(curve)
    assert (tmp_path / 'label_curve.png').stat().st_size > 5000
