import json

import pytest

from mmgreen.analysis.label_report import interval
from mmgreen.analysis.minutes import draw_minutes, read_lines


@pytest.fixture
def file(tmp_path):
    def points(**scores):
        return [dict(minutes=int(m), box_ap_100={'0': a, '1': b}) for m, (a, b) in scores.items()]

    content = dict(
        random_weights=dict(
            swin=dict(box_ap_100={'0': 30.0, '1': 20.0}),
            vit=dict(box_ap_100={'0': 10.0, '1': 12.0}),
        ),
        pretrainings=[
            dict(method='GreenMIM', net='swin', points=points(**{'5': (31, 24), '80': (36, 24)})),
            dict(method='MAE', net='vit', points=points(**{'5': (9, 12)})),
        ],
        longer_fine_tuning=[dict(net='swin', **points(**{'7': (33, 21)})[0])],
    )
    path = tmp_path / 'minutes.json'
    path.write_text(json.dumps(content))
    return path


def test_lines_begin_at_random_weights_of_their_net(file):
    lines = {line.name: line for line in read_lines(file)}
    assert list(lines) == ['GreenMIM', 'MAE', 'Swin, fine-tuned longer']
    scores = {name: [p[:2] for p in line.points] for name, line in lines.items()}
    assert scores['GreenMIM'] == [(0, 25.0), (5, 27.5), (80, 30.0)]
    assert scores['MAE'] == [(0, 11.0), (5, 10.5)]
    assert scores['Swin, fine-tuned longer'] == [(0, 25.0), (7, 27.0)]
    assert [line.is_pretraining for line in lines.values()] == [True, True, False]


def test_gains_are_taken_seed_by_seed(file):
    greenmim = read_lines(file)[0]
    assert greenmim.points[0].gain == (0, 0, 0)
    assert greenmim.points[2].gain == interval([6.0, 4.0])


def test_a_point_of_another_machine_is_compared_with_random_weights_there(file):
    content = json.loads(file.read_text())
    content['pretrainings'][0]['points'][1]['random_weights'] = {'0': 32.0, '1': 23.0}
    file.write_text(json.dumps(content))
    points = read_lines(file)[0].points
    assert points[1].gain == interval([1.0, 4.0])
    assert points[2].gain == interval([4.0, 1.0]) and points[2].score == 30


def test_longer_fine_tuning_is_dashed_and_bars_are_the_intervals(file):
    (axes,) = draw_minutes(file).axes
    _, labels = axes.get_legend_handles_labels()
    assert labels == ['GreenMIM', 'MAE', 'Swin, fine-tuned longer']
    styles = [container.lines[0].get_linestyle() for container in axes.containers]
    assert styles == ['-', '-', '--']
    (bars,) = axes.containers[0].lines[2]
    (_, low), (_, high) = bars.get_segments()[2]
    gain = interval([6.0, 4.0])
    assert (low, high) == pytest.approx((25 + gain.low, 25 + gain.high))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ['0', '5', '80']
