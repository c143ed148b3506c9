"""What is said of box AP over minutes of pretraining is of the runs in cells_minutes.json."""

import statistics

from reference_results import (
    FLAT,
    LARGE_CROPS,
    PAGE,
    RESULTS,
    above,
    mean_and_each,
    points_by_minutes,
    read,
)

from mmgreen.analysis.minutes import read_lines


def minutes_of_pretraining():
    """The file of the section, and what each number of minutes gained by what they went to."""
    lines = read_lines(RESULTS / 'cells_minutes.json')
    gained = {(line.name, point.minutes): point.gain for line in lines for point in line.points}
    return read('cells_minutes'), gained


def test_each_number_of_minutes_is_in_the_table():
    results, gained = minutes_of_pretraining()
    for method in results['pretrainings']:
        scores = {point['minutes']: point['box_ap_100'] for point in method['points']}
        first = results['random_weights'][method['net']]['box_ap_100']
        cells = [
            f'{statistics.mean(scores[minutes].values()):.1f}, {gained[method["method"], minutes]}'
            if minutes in scores
            else ''
            for minutes in (5, 10, 20, 40, 80)
        ]
        begin = f'| {method["method"]}: {method["steps_per_minute"]} | '
        cells.insert(0, f'{statistics.mean(first.values()):.1f}')
        assert begin + ' | '.join(cells) + ' |' in PAGE


def test_minutes_begin_at_the_random_weights_of_the_other_tables():
    results, _ = minutes_of_pretraining()
    others = read('cells_trials_own_pixels')['random_weights']
    assert {net: results['random_weights'][net]['box_ap_100'] for net in others} == others


def test_what_is_said_of_minutes_is_of_the_runs():
    results, gained = minutes_of_pretraining()
    short, long, longest = (gained['GreenMIM, Swin', minutes] for minutes in (5, 40, 80))
    said = f'GreenMIM harms by 5 minutes, {short}, gains {long} by 40, and {longest} by 80'
    assert said in FLAT
    harms = {point for point, gain in gained.items() if gain.high < 0}
    gains = {point for point, gain in gained.items() if gain.low > 0 and 'longer' not in point[0]}
    assert harms == {('GreenMIM, Swin', 5), ('Hiera, MAE', 10)}
    assert gains == {
        ('GreenMIM, Swin', 40),
        ('GreenMIM, Swin', 80),
        (LARGE_CROPS, 80),
        ('SimMIM, Swin', 80),
    }
    longer = [gain for (name, minutes), gain in gained.items() if minutes and 'longer' in name]
    assert len(longer) == len(results['longer_fine_tuning'])
    assert all(str(gain) in FLAT for gain in longer)


def test_the_longest_pretrainings_are_compared_as_the_page_says():
    points = points_by_minutes()
    small, large, simmim = (
        points[name] for name in ('GreenMIM, Swin', LARGE_CROPS, 'SimMIM, Swin')
    )
    scores, larger, earlier = (point['box_ap_100'] for point in (small[80], large[80], large[20]))
    ahead = above(scores, simmim[80]['box_ap_100']), above(larger, simmim[80]['box_ap_100'])
    assert "ahead by {}, with crops as large as SimMIM's by {})".format(*ahead) in FLAT
    assert f'that last step, {above(scores, small[40]["box_ap_100"])}, may be chance' in FLAT
    assert f'the AP is level ({above(larger, scores)})' in FLAT
    assert f'80 level with them ({above(larger, scores)})' in FLAT
    assert f'18 to 80 minutes they gain {above(larger, earlier)}, which may be' in FLAT
    assert f'{mean_and_each(small[80]["random_weights"])}, and its gain is over those' in FLAT
    means = {
        (method, minutes): statistics.mean(point['box_ap_100'].values())
        for method, found in points.items()
        for minutes, point in found.items()
    }
    assert max(means, key=means.get) == (LARGE_CROPS, 80)
    assert f'after those 80 minutes a Swin has {means[LARGE_CROPS, 80]:.1f} with' in FLAT


def test_larger_crops_are_compared_with_as_many_minutes_and_with_random_weights_there():
    (larger,) = (
        trial
        for trial in read('cells_trials_own_pixels')['trials']
        if trial['net'] == 'swin' and trial['trial'].endswith('224 px, ten a step')
    )
    scores = larger['box_ap_100']
    greenmim = points_by_minutes()['GreenMIM, Swin']
    there = larger['random_weights']
    first = read('cells_trials_own_pixels')['random_weights']['swin']
    grown, gained, usual = (
        above(scores, other) for other in (greenmim[20]['box_ap_100'], there, first)
    )
    assert f'the detector is {grown} above the one after 20 minutes' in FLAT
    assert f'over those of the other rows it is {usual}.' in FLAT
    assert f'by 18 minutes {grown} above the 20 of crops of 128 px, and {gained} above' in FLAT
    assert there == greenmim[80]['random_weights']
