"""The page quotes figures; the files beside it hold the runs that they are of."""

import json
import statistics

import pytest
from repository import ROOT

from mmgreen.analysis.label_report import gain, interval, read_curve

PAGE = (ROOT / 'docs/should_i_pretrain.md').read_text(encoding='utf-8').replace('**', '')
RESULTS = ROOT / 'docs/results'


SETS = [f'cells_{net}{pixels}' for net in ('swin', 'hiera') for pixels in ('', '_imagenet_pixels')]


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
        runs = json.loads((RESULTS / f'cells_{net}.json').read_text(encoding='utf-8'))['runs']
        for start in ('none', 'own'):
            ours = [run for run in runs if run['start'] == start]
            choices = sorted((r['lr'], r['score']) for r in ours if r['purpose'] == 'choice')
            assert f'| {" | ".join(f"{score:.1f}" for _, score in choices)} |' in PAGE
            best = max(choices, key=lambda choice: choice[1])[0]
            assert {run['lr'] for run in ours if run['purpose'] == 'result'} == {best}


def test_each_trial_is_in_the_table():
    trials = json.loads((RESULTS / 'cells_trials.json').read_text(encoding='utf-8'))['trials']
    for trial in trials:
        scores = trial['box_ap_100'].values()
        row = f'| {trial["trial"]} | {trial["vs_patch_mean"]:.2f} | {statistics.mean(scores):.1f} ('
        assert row + ', '.join(map(str, scores)) + ') |' in PAGE


def test_normalisation_was_compared_at_both_rates():
    runs = json.loads((RESULTS / 'cells_normalisation.json').read_text(encoding='utf-8'))['runs']
    runs.sort(key=lambda run: run['seed'])
    for pixels, name in (('ImageNet', "ImageNet's"), ('own', "the images' own")):
        cells = [
            ', '.join(f'{r["score"]:.1f}' for r in runs if (r['pixels'], r['lr']) == (pixels, lr))
            for lr in (1e-3, 2e-3)
        ]
        assert f'| {name} | {" | ".join(cells)} |' in PAGE
