import json

import pytest

from mmgreen.analysis.trials import draw_trials, read_trials


@pytest.fixture
def files(tmp_path):
    def trial(net, target, share, **scores):
        return dict(net=net, target=target, vs_patch_mean=share, box_ap_100=scores)

    first = dict(
        random_weights=dict(swin={'0': 30.0, '1': 20.0, '2': 90.0}, hiera={'0': 10.0}),
        trials=[
            trial('swin', 'norm_pixel', 0.8, **{'0': 33.0, '1': 24.0}),
            trial('swin', 'hog', 0.9, **{'0': 50.0}),
            trial('hiera', 'norm_pixel', 1.1, **{'0': 9.0}),
        ],
    )
    second = dict(
        random_weights=dict(swin={'0': 40.0}),
        trials=[trial('swin', 'norm_pixel', 0.7, **{'0': 41.0})],
    )
    for name, content in (('first', first), ('second', second)):
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    return [tmp_path / 'first.json', tmp_path / 'second.json']


def test_gains_are_over_random_weights_of_the_same_seeds(files):
    assert read_trials(files[0]) == [('swin', 0.8, 3.5), ('hiera', 1.1, -1.0)]


def test_a_trial_of_another_machine_is_compared_with_random_weights_there(files):
    content = json.loads(files[0].read_text())
    content['trials'][0]['random_weights'] = {'0': 34.0, '1': 20.0}
    files[0].write_text(json.dumps(content))
    assert read_trials(files[0])[0] == ('swin', 0.8, 1.5)


def test_each_file_has_its_points_in_the_panel_of_its_net(files):
    hiera, swin = draw_trials(files).axes
    assert [axes.get_title() for axes in (hiera, swin)] == ['hiera', 'swin']
    drawn = [
        [points.get_offsets().tolist() for points in axes.collections] for axes in (hiera, swin)
    ]
    assert drawn == [[[[1.1, -1.0]], []], [[[0.8, 3.5]], [[0.7, 1.0]]]]
    assert swin.get_legend_handles_labels()[1] == ['first', 'second']
