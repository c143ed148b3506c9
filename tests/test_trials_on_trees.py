"""What is said of the trials on trees is of the runs in docs/results."""

import statistics

import pytest
from reference_results import FLAT, PAGE, RESULTS, above, mean_and_each, read

from mmgreen.analysis.label_report import gain, interval, read_curve, sentences


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
    pretrainings = read('survey_crops')['pretrainings']
    usual, magnified = (each['vs_patch_mean_of_256_crops'] for each in pretrainings)
    assert f'(a `vs_patch_mean` of {usual:.2f} over 256 crops of held-out tiles' in FLAT
    earlier = ' and '.join(
        f'{each["by_step_on_held_out_images"]["4000"]["vs_patch_mean"]:.2f}'
        for each in pretrainings
    )
    said = f'come to {magnified:.2f} (by one crop of each of the eight tiles they had {earlier},'
    assert said in FLAT


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
    mean = statistics.mean(earlier.scores('random', None, 1.0).values())
    assert f', and gave {mean:.1f} (' in FLAT
    gained = interval(gain(earlier, 'pretrained', 'random', None, 1.0))
    assert f'the gain was {gained}.' in FLAT
    # The same pretraining and detectors: what differed was the rate of random weights.
    both = [curve.scores('pretrained', None, 1.0) for curve in (now, earlier)]
    assert both[0] == both[1]


@pytest.mark.parametrize('net', ['swin', 'hiera'])
@pytest.mark.parametrize('name', ['val_other_site', 'final'])
def test_scores_on_other_sites_are_of_the_runs(net, name):
    random_weights, pretrained = (
        read(f'survey_{net}_1000_steps')['elsewhere'][name][start]['box_ap']
        for start in ('none', 'own')
    )
    gained = above(pretrained, random_weights)
    cells = (net.capitalize(), mean_and_each(random_weights), mean_and_each(pretrained))
    assert f'| {" | ".join(cells)} | {gained} |' in PAGE
