import numpy as np
import pytest
import torch

import mmgreen
from mmgreen.analysis.benchmark import Setting
from mmgreen.analysis.grouping_costs import (
    as_table,
    draw,
    gap_to_optimum,
    grouping_costs,
    optimal_cost,
    report,
)


@pytest.fixture(scope='module')
def costs():
    torch.manual_seed(0)
    return grouping_costs((160, 160), 7, 0.75, num_masks=5)


def test_every_stage_and_shift_has_its_curve(costs):
    assert [(each.stage, each.shift) for each in costs] == [
        (0, 0), (0, 3), (1, 0), (1, 3), (2, 0), (2, 3), (3, 0),
    ]  # fmt: skip
    assert [each.window_tokens for each in costs] == [49] * 6 + [25]
    for each in costs:
        assert each.costs.shape == (5, len(each.capacities))
        # No plan computes less than the pairs that attend, and the search finds the curve's lowest.
        assert (each.searched >= 1).all()
        assert each.searched == pytest.approx(np.nanmin(each.costs, axis=1))
        first = [row[~np.isnan(row)][0] for row in each.costs]
        assert each.fixed == pytest.approx(first)


def test_a_stage_of_one_window_wastes_nothing(costs):
    assert costs[-1].searched == pytest.approx(1)


def test_table_and_picture(costs, tmp_path):
    text = as_table(costs)
    assert text.count('\n') == 8 and '| 3 | 0 | 1.00 ± 0.00 | 1.00 ± 0.00 | 1.00 ± 0.00 |' in text
    draw(costs, tmp_path / 'new/costs.png')
    assert (tmp_path / 'new/costs.png').stat().st_size > 10_000


@pytest.mark.parametrize(
    ('sizes', 'cost'), [((2, 4, 2), 32), ((3, 2, 2, 1), 27), ((5,), 25), ((1, 1, 1), 3)]
)
def test_optima_written_out(sizes, cost):
    assert optimal_cost(sizes) == cost


def test_the_gap_counts_cases():
    gap = gap_to_optimum(cases=40)
    assert gap.cases == 40 and 35 <= gap.optimal <= 40
    assert 1 <= gap.mean <= gap.worst < 1.3


def test_a_report_is_of_a_config_and_a_setting(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        'mmgreen.analysis.grouping_costs.grouping_costs',
        lambda *where: seen.append(where) or grouping_costs(*where, num_masks=2),
    )
    monkeypatch.setattr(
        'mmgreen.analysis.grouping_costs.gap_to_optimum', lambda: gap_to_optimum(cases=3)
    )
    at = Setting('train', 1, (96, 96), torch.device('cpu'), torch.float32)
    config = mmgreen.config_file('greenmim/swin_b_w14_pretrain.py')
    text = report(config, at, tmp_path / 'costs.png')
    report(config, at._replace(mask_ratio=0.5))
    assert seen == [((96, 96), 14, 0.75), ((96, 96), 14, 0.5)]
    assert 'Of 3 small cases 3 cost as little' in text and (tmp_path / 'costs.png').exists()
    with pytest.raises(ValueError, match='hiera_b_pretrain.py pretrains no GreenSwin'):
        report(mmgreen.config_file('hiera/hiera_b_pretrain.py'), at)
