"""What is said of the trials on cells is of the runs in docs/results."""

import statistics

import pytest
from reference_results import FLAT, PAGE, RESULTS, above, mean_and_each, read

from mmgreen.analysis.label_report import read_curve


def test_longer_pretrainings_and_spared_labels_are_of_the_runs():
    usual = read_curve(RESULTS / 'cells_swin_imagenet_pixels.json')
    others = read_curve(RESULTS / 'cells_swin_pretrainings.json')

    def gained(curve, start, labels, random_labels):
        return above(curve.scores(start, labels, 1.0), usual.scores('none', random_labels, 1.0))

    assert f'{gained(usual, "own", 300, None)})' in FLAT
    assert f'({gained(others, "long", 100, 300)}; after the 4,000 steps of the table ' in FLAT
    assert f'of the table {gained(usual, "own", 100, 300)})' in FLAT
    assert f'39.0 from 8,000 steps, a gain of {gained(others, "long", 100, 100)}' in FLAT
    assert f'with another seed, {gained(others, "second", 100, 100)}' in FLAT
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
        gained = above(scores, random_weights)
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
    assert f"({first} directions; Swin's {second})" in FLAT
    _, share, rank = hiera[3]
    assert f'{100 * share:.1f} % of what stage 4' in FLAT and f'in {rank} directions;' in FLAT


def fine_tunings_of_swin():
    """Box AP by seed, by start and change."""
    return {
        (each['start'], each['change']): each['box_ap_100']
        for each in read('cells_trials_own_pixels')['fine_tuning']
        if each['net'] == 'swin'
    }


def test_gains_of_longer_fine_tuning_and_of_other_photographs_are_of_the_runs():
    tunings = fine_tunings_of_swin()

    def gained(ours, theirs):
        return above(tunings[ours], tunings[theirs])

    longer = gained(('own', 'three times the steps, 1e-3'), ('none', 'three times the steps, 2e-3'))
    assert f'the gain stays: {longer}, three seeds' in PAGE
    lifted = [
        f'{gained(each, ("none", "2e-3")).mean:.1f}'
        for each in (
            ('none', 'three times the steps, 2e-3'),
            ('own', 'three times the steps, 1e-3'),
        )
    ]
    first = {seed: tunings['own', '1e-3'][seed] for seed in '012'}
    pretrained = above(first, tunings['none', '2e-3'])
    said = f'{lifted[0]} on these seeds, 49 of pretraining by {pretrained.mean:.1f}, both together'
    assert f'{said} by {lifted[1]}.' in PAGE
    assert f'Swin gains {gained(("trees", "1e-3"), ("none", "2e-3"))} on the cells' in PAGE


def test_a_frozen_patch_embedding_is_compared_with_one_that_is_trained():
    start, change = '80 minutes, crops of 224 px', '1e-3, on two cores'
    tunings = fine_tunings_of_swin()
    gained = above(tunings[start, f'{change}, the patch embedding frozen'], tunings[start, change])
    assert f'The patch embedding alone may be frozen or not: {gained}.' in FLAT


def test_a_longer_warm_up_is_compared_with_the_usual_one():
    start, change = '80 minutes, crops of 224 px', '1e-3, on two cores'
    tunings = fine_tunings_of_swin()
    longer = tunings[start, f'{change}, 90 steps of warm-up, not 30']
    gained = above(longer, tunings[start, change])
    assert f'instead of thirty change nothing beyond chance: {gained}.' in FLAT


def trials_of_pretraining():
    """Box AP by seed, by the name of the trial."""
    trials = read('cells_trials_own_pixels')['trials']
    return {trial['trial']: trial['box_ap_100'] for trial in trials}


def test_half_hidden_is_compared_with_the_first_pretraining():
    trials = trials_of_pretraining()
    half, first = (
        trials[name] for name in ('half hidden', 'Swin, as configs/cells/swin_pretrain.py')
    )
    assert f'{above(half, first)} above the first pretraining' in FLAT


def test_masks_of_larger_crops_are_compared_with_the_usual_ones():
    trials = trials_of_pretraining()
    usual, each, more = (
        trials[name]
        for name in (
            'crops of three times the area, magnified as much: 224 px, ten a step',
            'so, a mask for each image',
            'so, three quarters hidden',
        )
    )
    said = f'over one for the batch, {above(each, usual)}, nor are three quarters hidden over 60 %'
    assert f'{said}, {above(more, usual)}.' in FLAT


def test_larger_crops_of_hiera_are_compared_with_random_weights_of_their_machine():
    tunings = read('cells_trials_own_pixels')['fine_tuning']
    (random_weights,) = (
        each['box_ap_100']
        for each in tunings
        if (each['net'], each['change']) == ('hiera', '2e-3, on two cores')
    )
    below = above(random_weights, trials_of_pretraining()['so, crops of 224 px, ten a step'])
    assert f'detector is {below} below random weights that were trained on the same two' in FLAT


def test_what_each_repair_did_is_of_the_runs():
    results = read('cells_trials_own_pixels')
    trials, tunings = trials_of_pretraining(), fine_tunings_of_swin()

    def scores(name, start):
        found = read_curve(RESULTS / f'{name}.json').scores(start, 100, 1.0)
        return {str(seed): score for seed, score in found.items()}

    def gained(repaired, before):
        return str(above(repaired, before))

    pixels = {
        (net, start): gained(
            scores(f'cells_{net}', start), scores(f'cells_{net}_imagenet_pixels', start)
        )
        for net in ('swin', 'hiera')
        for start in ('none', 'own')
    }
    padding = [
        gained(tunings[start, lr], tunings[start, f'padding of windows attended to, {lr}'])
        for start, lr in (('none', '2e-3'), ('own', '1e-3'))
    ]
    pretrained = trials['Hiera, as configs/cells/hiera_pretrain.py, rate 3e-4']
    norms = [
        gained(repaired, scores('cells_hiera_without_norms', start))
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
        ['', gained(pretrained, plain)],
    ]


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
    assert said in FLAT


def test_gains_of_the_larger_swin_are_of_the_runs():
    name = 'cells_swin_tiny_large_crops'
    curve, learned = read_curve(RESULTS / f'{name}.json'), read(name)['pretraining']['own']
    scores = {start: curve.scores(start, 100, 1.0) for start in ('own', 'none')}
    own, none = (mean_and_each({str(k): v for k, v in scores[s].items()}) for s in scores)
    gained = above(scores['own'], scores['none'])
    assert f'A Swin-T of 28 M gains {gained} with 100 boxes, by 6,000 steps' in FLAT
    assert f'Swin-T, of 28 M, gains {gained} with 100 boxes: {own} from 6,000 ' in FLAT
    assert f'{none} from random weights' in FLAT
    share = learned['by_step_on_held_out_images']['6000']['vs_patch_mean']
    assert f'`vs_patch_mean` came to {share:.2f}' in FLAT


def test_normalisation_was_compared_at_both_rates():
    runs = read('cells_normalisation')['runs']
    runs.sort(key=lambda run: run['seed'])
    for pixels, name in (('ImageNet', "ImageNet's"), ('own', "the images' own")):
        cells = [
            ', '.join(f'{r["score"]:.1f}' for r in runs if (r['pixels'], r['lr']) == (pixels, lr))
            for lr in (1e-3, 2e-3)
        ]
        assert f'| {name} | {" | ".join(cells)} |' in PAGE


def test_shares_of_all_crops_are_as_measured():
    usual, _, large = (
        f'{each["of_256_crops"]:.2f} for {each["of_29_crops"]:.2f}'
        for each in read('cells_shares')['pretrainings']
    )
    said = f"after GreenMIM's 80 minutes {usual}, with crops of 224 px {large}"
    assert said in FLAT
