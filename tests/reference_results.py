"""The pages that quote figures of ours, and the files beside them that hold the runs."""

import json
import statistics

from repository import ROOT

from mmgreen.analysis.label_report import interval

PAGES = [
    ROOT / f'docs/{name}.md' for name in ('should_i_pretrain', 'trials_on_cells', 'trials_on_trees')
]
PAGE = '\n'.join(page.read_text(encoding='utf-8') for page in PAGES).replace('**', '')
FLAT = ' '.join(PAGE.split())
RESULTS = ROOT / 'docs/results'
LARGE_CROPS = 'GreenMIM, Swin, crops of 224 px'


def read(name):
    return json.loads((RESULTS / f'{name}.json').read_text(encoding='utf-8'))


def above(ours, theirs):
    """By how much scores lie above others, seed by seed; one of the two may have further seeds."""
    return interval([ours[seed] - theirs[seed] for seed in min(ours, theirs, key=len)])


def mean_and_each(scores):
    return f'{statistics.mean(scores.values()):.1f} ({", ".join(map(str, scores.values()))})'


def points_by_minutes():
    """Of each method of pretraining, what was measured after so many minutes."""
    return {
        method['method']: {point['minutes']: point for point in method['points']}
        for method in read('cells_minutes')['pretrainings']
    }
