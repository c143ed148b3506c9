"""The tables and sentences of the page are of the runs in docs/results."""

import statistics

import pytest
from reference_results import FLAT, LARGE_CROPS, PAGE, RESULTS, above, points_by_minutes
from repository import ROOT

from mmgreen.analysis.label_report import gain, interval, read_curve

SETS = [f'cells_{net}{pixels}' for net in ('swin', 'hiera') for pixels in ('', '_imagenet_pixels')]
SETS.append('cells_swin_large_crops')
HALVES = range(5), range(5, 10)


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


def test_what_is_said_of_few_boxes_is_of_the_runs():
    curve = read_curve(RESULTS / 'cells_swin_large_crops.json')
    few, more, most = (interval(gain(curve, 'own', 'none', each, 1.0)) for each in (30, 100, 300))
    said = f'4.9, and {few.mean:.1f} with 30 boxes instead of 100, {most.mean:.1f} with 300.'
    assert said in FLAT
    readme = ' '.join((ROOT / 'README.md').read_text(encoding='utf-8').split())
    assert f'cores {few} with 30 boxes, {more} with 100, where five did harm, and {most}' in readme


def test_the_first_and_the_last_five_runs_with_300_boxes_are_told_apart():
    curve = read_curve(RESULTS / 'cells_swin_large_crops.json')
    own, none = (curve.scores(start, 300, 1.0) for start in ('own', 'none'))
    first, last = (above({seed: own[seed] for seed in seeds}, none) for seeds in HALVES)
    assert f'the first five left {first} open; the last five alone gave {last}.' in FLAT


def test_how_far_from_the_aim_is_of_the_runs():
    there, here = (
        read_curve(RESULTS / f'cells_swin{name}.json').scores('none', 300, 1.0)
        for name in ('', '_large_crops')
    )
    large, small = (points_by_minutes()[name][80] for name in (LARGE_CROPS, 'GreenMIM, Swin'))

    def below(random_weights, point):
        return above(random_weights, {int(seed): s for seed, s in point['box_ap_100'].items()})

    said = f'{below(there, large)} below the one and {below(here, large)} below the other'
    assert said in FLAT
    assert f'it is 39.9, {below(there, small)} below the first' in FLAT
    assert (
        f'two cores, {below(here, large)} more, and 43.4 on the GPU, {below(there, large)}' in FLAT
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
