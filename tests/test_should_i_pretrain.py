"""The pages quote figures; the files beside them hold the runs that they are of."""

import json
import statistics

import pytest
from repository import ROOT

from mmgreen.analysis.label_report import gain, interval, read_curve, sentences
from mmgreen.analysis.minutes import read_lines

PAGES = [
    ROOT / f'docs/{name}.md' for name in ('should_i_pretrain', 'trials_on_cells', 'trials_on_trees')
]
PAGE = '\n'.join(page.read_text(encoding='utf-8') for page in PAGES).replace('**', '')
RESULTS = ROOT / 'docs/results'


def read(name):
    return json.loads((RESULTS / f'{name}.json').read_text(encoding='utf-8'))


SETS = [f'cells_{net}{pixels}' for net in ('swin', 'hiera') for pixels in ('', '_imagenet_pixels')]
SETS.append('cells_swin_large_crops')


@pytest.mark.parametrize('name', SETS)
def test_each_row_of_the_table_is_of_the_runs(name):
    curve = read_curve(RESULTS / f'{name}.json')
    for wanted, length in curve.points:
        means = [
            statistics.mean(curve.scores(start, wanted, length).values())
            for start in ('none', 'own')
        ]
        gained = interval(gain(curve, 'own', 'none', wanted, length))
        assert f'| {means[0]:.1f} | {means[1]:.1f} | {gained} |' in PAGE


def test_longer_pretrainings_and_spared_labels_are_of_the_runs():
    usual = read_curve(RESULTS / 'cells_swin_imagenet_pixels.json')
    others = read_curve(RESULTS / 'cells_swin_pretrainings.json')

    def above(ours, start, labels, random_labels):
        ours, theirs = ours.scores(start, labels, 1.0), usual.scores('none', random_labels, 1.0)
        return interval([ours[seed] - theirs[seed] for seed in ours])

    flat = ' '.join(PAGE.split())
    assert f'{above(usual, "own", 300, None)})' in flat
    assert f'({above(others, "long", 100, 300)}; after the 4,000 steps of the table ' in flat
    assert f'of the table {above(usual, "own", 100, 300)})' in flat
    assert f'39.0 from 8,000 steps, a gain of {above(others, "long", 100, 100)}' in flat
    assert f'with another seed, {above(others, "second", 100, 100)}' in flat
    assert round(statistics.mean(others.scores('long', 100, 1.0).values()), 1) == 39.0


def test_rates_were_the_best_of_their_row():
    for net in ('swin', 'hiera'):
        runs = read(f'cells_{net}')['runs']
        for start in ('none', 'own'):
            ours = [run for run in runs if run['start'] == start]
            choices = sorted((r['lr'], r['score']) for r in ours if r['purpose'] == 'choice')
            assert f'| {" | ".join(f"{score:.1f}" for _, score in choices)} |' in PAGE
            best = max(choices, key=lambda choice: choice[1])[0]
            assert {run['lr'] for run in ours if run['purpose'] == 'result'} == {best}


def mean_and_each(scores):
    return f'{statistics.mean(scores.values()):.1f} ({", ".join(map(str, scores.values()))})'


@pytest.mark.parametrize('name', ['cells_trials', 'cells_trials_own_pixels'])
def test_each_trial_is_in_the_table(name):
    for trial in read(name)['trials']:
        row = f'| {trial["trial"]} | {trial["vs_patch_mean"]:.2f} | '
        assert row + mean_and_each(trial['box_ap_100']) + ' |' in PAGE


def test_gains_of_trials_are_over_random_weights_of_their_net():
    results = read('cells_trials_own_pixels')
    for trial in results['trials']:
        scores = trial['box_ap_100']
        random_weights = trial.get('random_weights', results['random_weights'][trial['net']])
        gained = interval([scores[seed] - random_weights[seed] for seed in scores])
        assert f'{mean_and_each(scores)} | {gained} |' in PAGE
    for net, scores in results['random_weights'].items():
        curve = read_curve(RESULTS / f'cells_{net}.json').scores('none', 100, 1.0)
        assert scores == {str(seed): round(curve[seed], 1) for seed in sorted(curve)}


def test_each_fine_tuning_is_in_the_table():
    for tuning in read('cells_trials_own_pixels')['fine_tuning']:
        row = f'| {tuning["net"].capitalize()}, {tuning["change"]} | '
        (start,) = {line.split(' | ')[1] for line in PAGE.splitlines() if is_of(line, row, tuning)}
        assert (start == 'random weights') == (tuning['start'] == 'none')


def is_of(line, row, tuning):
    return line.startswith(row) and line.endswith(f'| {mean_and_each(tuning["box_ap_100"])} |')


def test_what_stages_put_out_is_as_measured():
    outputs = read('cells_trials_own_pixels')['outputs']
    flat = ' '.join(PAGE.split())
    hiera, swin = (
        outputs[name] for name in ('hiera, 80 minutes, all stages fused', 'swin, 80 minutes')
    )

    def shares_and_ranks(stages):
        shares, ranks = ([f'{each:.0f}' for each in column] for column in zip(*stages, strict=True))
        return '{}, {} and {} % in {}, {} and {}'.format(*shares, *ranks)

    first, second = (
        shares_and_ranks([(100 * share, rank) for _, share, rank in net[:3]])
        for net in (hiera, swin)
    )
    assert f"({first} directions; Swin's {second})" in flat
    _, share, rank = hiera[3]
    assert f'{100 * share:.1f} % of what stage 4' in flat and f'in {rank} directions;' in flat


def fine_tunings_of_swin():
    """Box AP by seed, by start and change."""
    return {
        (each['start'], each['change']): each['box_ap_100']
        for each in read('cells_trials_own_pixels')['fine_tuning']
        if each['net'] == 'swin'
    }


def test_gains_of_longer_fine_tuning_and_of_other_photographs_are_of_the_runs():
    tunings = fine_tunings_of_swin()

    def above(ours, theirs):
        ours, theirs = tunings[ours], tunings[theirs]
        return interval([ours[seed] - theirs[seed] for seed in ours])

    longer = above(('own', 'three times the steps, 1e-3'), ('none', 'three times the steps, 2e-3'))
    assert f'the gain stays: {longer}, three seeds' in PAGE
    lifted = [
        f'{above(each, ("none", "2e-3")).mean:.1f}'
        for each in (
            ('none', 'three times the steps, 2e-3'),
            ('own', 'three times the steps, 1e-3'),
        )
    ]
    first = {seed: tunings['own', '1e-3'][seed] for seed in '012'}
    pretrained = interval([first[seed] - tunings['none', '2e-3'][seed] for seed in first])
    said = f'{lifted[0]} on these seeds, 49 of pretraining by {pretrained.mean:.1f}, both together'
    assert f'{said} by {lifted[1]}.' in PAGE
    assert f'Swin gains {above(("trees", "1e-3"), ("none", "2e-3"))} on the cells' in PAGE


def test_half_hidden_is_compared_with_the_first_pretraining():
    trials = {
        each['trial']: each['box_ap_100'] for each in read('cells_trials_own_pixels')['trials']
    }
    half, first = (
        trials[name] for name in ('half hidden', 'Swin, as configs/cells/swin_pretrain.py')
    )
    above = interval([half[seed] - first[seed] for seed in first])
    assert f'{above} above the first pretraining' in ' '.join(PAGE.split())


def test_larger_crops_are_compared_with_as_many_minutes_and_with_random_weights_there():
    (larger,) = (
        trial
        for trial in read('cells_trials_own_pixels')['trials']
        if trial['trial'].endswith('224 px, ten a step')
    )
    scores = larger['box_ap_100']
    greenmim = points_by_minutes()['GreenMIM, Swin']
    there = larger['random_weights']
    first = read('cells_trials_own_pixels')['random_weights']['swin']
    flat = ' '.join(PAGE.split())
    above, gained, usual = (
        interval([scores[seed] - other[seed] for seed in scores])
        for other in (greenmim[20]['box_ap_100'], there, first)
    )
    assert f'the detector is {above} above the one after 20 minutes' in flat
    assert f'over those of the other rows it is {usual}.' in flat
    assert f'by 18 minutes {above} above the 20 of crops of 128 px, and {gained} above' in flat
    assert there == greenmim[80]['random_weights']


def test_what_each_repair_did_is_of_the_runs():
    results = read('cells_trials_own_pixels')
    trials = {trial['trial']: trial['box_ap_100'] for trial in results['trials']}
    tunings = fine_tunings_of_swin()

    def scores(name, start):
        found = read_curve(RESULTS / f'{name}.json').scores(start, 100, 1.0)
        return {str(seed): score for seed, score in found.items()}

    def above(repaired, before):
        return str(interval([repaired[seed] - before[seed] for seed in before]))

    pixels = {
        (net, start): above(
            scores(f'cells_{net}', start), scores(f'cells_{net}_imagenet_pixels', start)
        )
        for net in ('swin', 'hiera')
        for start in ('none', 'own')
    }
    padding = [
        above(tunings[start, lr], tunings[start, f'padding of windows attended to, {lr}'])
        for start, lr in (('none', '2e-3'), ('own', '1e-3'))
    ]
    pretrained = trials['Hiera, as configs/cells/hiera_pretrain.py, rate 3e-4']
    norms = [
        above(repaired, scores('cells_hiera_without_norms', start))
        for start, repaired in (('none', results['random_weights']['hiera']), ('own', pretrained))
    ]
    plain = trials['plain positions, interpolated in the detector, rate 8e-4']
    section = PAGE[PAGE.index('## What each repair did') :]
    rows = section.split('\n\n')[2].splitlines()[2:]
    assert [[cell.strip() for cell in row.split('|')[2:4]] for row in rows] == [
        [pixels['swin', 'none'], pixels['swin', 'own']],
        [pixels['hiera', 'none'], ''],
        padding,
        norms,
        ['', above(pretrained, plain)],
    ]


def test_scores_on_tree_crowns_are_of_the_runs():
    runs = sorted(read('survey_400_steps')['runs'], key=lambda run: run['seed'])
    for net, start in {(run['net'], run['start']) for run in runs}:
        cells = [
            ', '.join(
                f'{run["score"]:.1f}'
                for run in runs
                if (run['net'], run['start'], run['wanted'], run['purpose'])
                == (net, start, wanted, 'result')
            )
            for wanted in (60, None)
        ]
        assert f' | {" | ".join(cells)} |' in PAGE


def test_shares_by_both_crops_of_the_survey_are_of_the_runs():
    shares = [
        each['by_step_on_held_out_images']['4000']['vs_patch_mean']
        for each in read('survey_crops')['pretrainings']
    ]
    flat = ' '.join(PAGE.split())
    assert f'(a `vs_patch_mean` of {shares[0]:.2f} on held-out tiles' in flat
    assert f"come to {shares[1]:.2f} (Hiera's" in flat


def test_scores_with_60_crowns_are_of_the_runs():
    runs = sorted(read('survey_60_boxes_1000_steps')['runs'], key=lambda run: run['seed'])
    for net, start, lr in {(run['net'], run['start'], run['lr']) for run in runs}:
        ours = [run for run in runs if (run['net'], run['start']) == (net, start)]
        begin = 'random weights' if start == 'none' else ''
        cells = f'{lr:.0e}'.replace('e-0', 'e-'), ', '.join(f'{run["score"]:.1f}' for run in ours)
        (row,) = {
            line
            for line in PAGE.splitlines()
            if line.startswith(f'| {net.capitalize()}, {begin}')
            and f', {" | ".join(cells)} |' in line
        }
        assert (begin != '') == ('random weights' in row)


def test_choices_of_the_larger_swin_are_of_the_runs():
    runs = [run for run in read('cells_swin_tiny')['runs'] if run['purpose'] == 'choice']
    scores = {
        start: [
            run['score'] for run in sorted(runs, key=lambda run: run['lr']) if run['start'] == start
        ]
        for start in ('none', 'own')
    }
    none, own = (' and '.join(map(str, scores[start])) for start in ('none', 'own'))
    said = f'{none} from random weights at 1e-3 and 2e-3, {own} from the pretraining'
    assert said in ' '.join(PAGE.split())


@pytest.mark.parametrize(
    'name', ['survey_swin', 'survey_swin_1000_steps', 'survey_hiera_1000_steps']
)
def test_the_survey_ended_as_the_page_says(name):
    curve = read_curve(RESULTS / f'{name}.json')
    for start in curve.starts:
        scores = list(curve.scores(start, None, 1.0).values())
        each = ', '.join(f'{score:.1f}' for score in scores)
        assert f' | {statistics.mean(scores):.1f} | {each} |' in PAGE
    (sentence,) = sentences(curve)
    assert f'> {sentence}' in PAGE


def test_the_earlier_survey_is_of_its_runs():
    now, earlier = (read_curve(RESULTS / f'survey_swin{name}.json') for name in ('', '_earlier'))
    flat = ' '.join(PAGE.split())
    mean = statistics.mean(earlier.scores('random', None, 1.0).values())
    assert f', and gave {mean:.1f} (' in flat
    gained = interval(gain(earlier, 'pretrained', 'random', None, 1.0))
    assert f'the gain was {gained}.' in flat
    # The same pretraining and detectors: what differed was the rate of random weights.
    both = [curve.scores('pretrained', None, 1.0) for curve in (now, earlier)]
    assert both[0] == both[1]


def test_normalisation_was_compared_at_both_rates():
    runs = read('cells_normalisation')['runs']
    runs.sort(key=lambda run: run['seed'])
    for pixels, name in (('ImageNet', "ImageNet's"), ('own', "the images' own")):
        cells = [
            ', '.join(f'{r["score"]:.1f}' for r in runs if (r['pixels'], r['lr']) == (pixels, lr))
            for lr in (1e-3, 2e-3)
        ]
        assert f'| {name} | {" | ".join(cells)} |' in PAGE


LARGE_CROPS = 'GreenMIM, Swin, crops of 224 px'


def minutes_of_pretraining():
    """The file of the section, and what each number of minutes gained by what they went to."""
    lines = read_lines(RESULTS / 'cells_minutes.json')
    gained = {(line.name, point.minutes): point.gain for line in lines for point in line.points}
    return read('cells_minutes'), gained


def points_by_minutes():
    """Of each method of pretraining, what was measured after so many minutes."""
    return {
        method['method']: {point['minutes']: point for point in method['points']}
        for method in read('cells_minutes')['pretrainings']
    }


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
    flat = ' '.join(PAGE.split())
    short, long, longest = (gained['GreenMIM, Swin', minutes] for minutes in (5, 40, 80))
    said = f'GreenMIM harms by 5 minutes, {short}, gains {long} by 40, and {longest} by 80'
    assert said in flat
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
    assert all(str(gain) in flat for gain in longer)


def test_the_longest_pretrainings_are_compared_as_the_page_says():
    points = points_by_minutes()
    small, large, simmim = (
        points[name] for name in ('GreenMIM, Swin', LARGE_CROPS, 'SimMIM, Swin')
    )

    def above(ours, theirs):
        return interval([score - theirs[seed] for seed, score in ours.items()])

    scores, larger, earlier = (point['box_ap_100'] for point in (small[80], large[80], large[20]))
    flat = ' '.join(PAGE.split())
    ahead = above(scores, simmim[80]['box_ap_100']), above(larger, simmim[80]['box_ap_100'])
    assert "ahead by {}, with crops as large as SimMIM's by {})".format(*ahead) in flat
    assert f'that last step, {above(scores, small[40]["box_ap_100"])}, may be chance' in flat
    assert f'the AP is level ({above(larger, scores)})' in flat
    assert f'80 level with them ({above(larger, scores)})' in flat
    assert f'18 to 80 minutes they gain {above(larger, earlier)}, which may be' in flat
    assert f'{mean_and_each(small[80]["random_weights"])}, and its gain is over those' in flat
    means = {
        (method, minutes): statistics.mean(point['box_ap_100'].values())
        for method, found in points.items()
        for minutes, point in found.items()
    }
    assert max(means, key=means.get) == (LARGE_CROPS, 80)
    assert f'after those 80 minutes a Swin has {means[LARGE_CROPS, 80]:.1f} with' in flat


def test_what_is_said_of_few_boxes_is_of_the_runs():
    curve = read_curve(RESULTS / 'cells_swin_large_crops.json')
    few, more = (interval(gain(curve, 'own', 'none', wanted, 1.0)) for wanted in (30, 100))
    assert f'4.9, and {few.mean:.1f} with 30 boxes instead of 100.' in ' '.join(PAGE.split())
    readme = ' '.join((ROOT / 'README.md').read_text(encoding='utf-8').split())
    assert f'two cores {few} with 30 boxes and {more} with 100' in readme


def test_how_far_from_the_aim_is_of_the_runs():
    there, here = (
        read_curve(RESULTS / f'cells_swin{name}.json').scores('none', 300, 1.0)
        for name in ('', '_large_crops')
    )
    large, small = (points_by_minutes()[name][80] for name in (LARGE_CROPS, 'GreenMIM, Swin'))

    def below(random_weights, point):
        scores = point['box_ap_100']
        return interval([random_weights[int(seed)] - score for seed, score in scores.items()])

    flat = ' '.join(PAGE.split())
    said = f'{below(there, large)} below the one and {below(here, large)} below the other'
    assert said in flat
    assert f'it is 39.9, {below(there, small)} below the first' in flat
    assert (
        f'two cores, {below(here, large)} more, and 43.4 on the GPU, {below(there, large)}' in flat
    )


def test_the_table_and_the_minutes_hold_the_same_runs():
    curve = read_curve(RESULTS / 'cells_swin_large_crops.json')
    point = points_by_minutes()[LARGE_CROPS][80]
    for start, scores in (('none', point['random_weights']), ('own', point['box_ap_100'])):
        assert {str(seed): s for seed, s in curve.scores(start, 100, 1.0).items()} == scores


@pytest.mark.parametrize('name', ['demo_swin', 'demo_hiera', 'demo_mae'])
def test_each_demo_ended_as_its_page_says(name):
    curve = read_curve(RESULTS / f'{name}.json')
    cells = []
    for start in ('random', 'pretrained'):
        scores = list(curve.scores(start, 60, 1.0).values())
        each = ', '.join(f'{score:.1f}' for score in scores)
        cells.append(f'{statistics.mean(scores):.1f} ({each})')
    gained = interval(gain(curve, 'pretrained', 'random', 60, 1.0))
    page = (ROOT / 'docs/comparison.md').read_text(encoding='utf-8')
    assert f'| {" | ".join(cells)} | {gained} |' in page


@pytest.mark.parametrize('net', ['swin', 'hiera'])
@pytest.mark.parametrize('name', ['val_other_site', 'final'])
def test_scores_on_other_sites_are_of_the_runs(net, name):
    random_weights, pretrained = (
        read(f'survey_{net}_1000_steps')['elsewhere'][name][start]['box_ap']
        for start in ('none', 'own')
    )
    gained = interval([pretrained[seed] - random_weights[seed] for seed in pretrained])
    cells = (net.capitalize(), mean_and_each(random_weights), mean_and_each(pretrained))
    assert f'| {" | ".join(cells)} | {gained} |' in PAGE
