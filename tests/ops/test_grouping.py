from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmgreen.ops.grouping import GroupPlan, group, plan_groups, ungroup
from mmgreen.ops.layout import unit_coords, z_order
from mmgreen.ops.masking import draw_masked, unit_indices


@st.composite
def visible_tokens(draw):
    """Coordinates of a random choice of tokens of a small grid, in random order."""
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    chosen = draw(st.lists(st.sampled_from(cells), min_size=1, unique=True))
    return torch.tensor(chosen)


@st.composite
def cases(draw):
    coords = draw(visible_tokens())
    window = draw(st.integers(1, 14))
    shift = draw(st.integers(0, window - 1))
    image = draw(
        st.one_of(
            st.none(), st.lists(st.integers(0, 2), min_size=len(coords), max_size=len(coords))
        )
    )
    return coords, window, shift, None if image is None else torch.tensor(image)


def windows_by_definition(coords, window, shift, image=None):
    """{window: tokens in it}, straight from the definition in the docstring of plan_groups."""
    found = {}
    for token, (row, column) in enumerate(coords.tolist()):
        place = [(x + window - shift) // window if shift else x // window for x in (row, column)]
        key = (*place, 0 if image is None else int(image[token]))
        found.setdefault(key, []).append(token)
    return found


@settings(max_examples=150, deadline=None)
@given(cases())
def test_laws_of_a_plan(case):
    coords, window, shift, image = case
    plan = plan_groups(coords, window, shift, image)
    tokens = torch.arange(1.0, len(coords) + 1)[None, :, None]

    # ungroup(group(x)) == x
    assert torch.equal(ungroup(group(tokens, plan), plan), tokens)
    # every visible token in exactly one real slot
    assert sorted(plan.take[plan.real].tolist()) == list(range(len(coords)))
    # the stored coordinates are the tokens'
    assert torch.equal(plan.coords, coords[plan.take])
    # no window is split, and attention stays inside windows
    slots = {token: divmod(slot, plan.capacity) for token, slot in enumerate(plan.back.tolist())}
    for members in windows_by_definition(coords, window, shift, image).values():
        assert len({slots[token][0] for token in members}) == 1
    by_window = windows_by_definition(coords, window, shift, image)
    home = {token: key for key, members in by_window.items() for token in members}
    for g, s, t in plan.attend.nonzero().tolist():
        both = bool(plan.real[g, s]), bool(plan.real[g, t])
        assert both[0] == both[1]
        if both[0]:
            assert home[int(plan.take[g, s])] == home[int(plan.take[g, t])]
    inside = sum(len(members) ** 2 for members in by_window.values())
    assert int((plan.attend & plan.real[:, :, None]).sum()) == inside
    # every slot attends to something
    assert plan.attend.any(-1).all()


def exhaustive_cost(sizes):
    """The least cost over all ways to put windows into groups, and all capacities."""

    @lru_cache(None)
    def fewest(left, capacity):
        if not left:
            return 0
        first, rest = left[0], left[1:]
        best = len(left)
        for count in range(len(rest) + 1):
            for others in set(combinations(range(len(rest)), count)):
                if first + sum(rest[i] for i in others) <= capacity:
                    remaining = tuple(s for i, s in enumerate(rest) if i not in others)
                    best = min(best, 1 + fewest(remaining, capacity))
        return best

    sizes = tuple(sorted(sizes, reverse=True))
    return min(
        fewest(sizes, capacity) * capacity**2 for capacity in range(max(sizes), sum(sizes) + 1)
    )


def coords_with_counts(sizes, window=7):
    """One row of windows that hold the given numbers of visible tokens."""
    tokens = [
        (i // window, w * window + i % window) for w, size in enumerate(sizes) for i in range(size)
    ]
    return torch.tensor(tokens)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=7))
@example([2, 8, 8, 8, 8, 9])
def test_cost_is_near_the_exhaustive_optimum(sizes):
    coords = coords_with_counts(sizes)
    cost = plan_groups(coords, 7, 0).cost
    best = exhaustive_cost(sizes)
    assert best <= cost <= 1.25 * best
    capacities = range(max(sizes), sum(sizes) + 1)
    assert cost == min(plan_groups(coords, 7, 0, capacity=each).cost for each in capacities)


def test_cost_is_the_exhaustive_optimum_nearly_always():
    generator = np.random.default_rng(0)
    exact = 0
    for _ in range(200):
        sizes = generator.integers(1, 13, size=generator.integers(1, 8)).tolist()
        exact += plan_groups(coords_with_counts(sizes), 7, 0).cost == exhaustive_cost(sizes)
    assert exact >= 190


def test_search_takes_the_cheapest_capacity():
    torch.manual_seed(0)
    for shift in (0, 3):
        coords = unit_coords(unit_indices(~draw_masked(49, 0.75)), 7, z_order(4))
        fullest = max(map(len, windows_by_definition(coords, 7, shift).values()))
        costs = [
            plan_groups(coords, 7, shift, capacity=capacity).cost
            for capacity in range(fullest, len(coords) + 1)
        ]
        assert plan_groups(coords, 7, shift).cost == min(costs)


def test_a_case_written_out():
    # windows of 4, 2 and 2 tokens: two groups of four (32) beat three of four or one of eight
    plan = plan_groups(coords_with_counts([2, 4, 2]), 7, 0)
    assert plan.take.tolist() == [[2, 3, 4, 5], [0, 1, 6, 7]]
    assert plan.back.tolist() == [4, 5, 0, 1, 2, 3, 6, 7]
    assert plan.cost == 32 and plan.real.all()
    # of 3, 2, 2 and 1: three groups of three with one slot of padding (27) beat two of four (32)
    plan = plan_groups(coords_with_counts([3, 2, 2, 1]), 7, 0)
    assert plan.take.shape == (3, 3) and plan.cost == 27 and int(plan.real.sum()) == 8


def test_capacity_is_taken_as_given_or_refused():
    coords = coords_with_counts([3, 2, 2, 1])
    assert plan_groups(coords, 7, 0, capacity=5).take.shape == (2, 5)
    with pytest.raises(ValueError, match='capacity=2 .* 3 visible tokens'):
        plan_groups(coords, 7, 0, capacity=2)


def test_images_with_different_tokens_share_groups_but_not_windows():
    coords = torch.tensor([[0, 0], [0, 1], [0, 0], [0, 1], [1, 1]])
    image = torch.tensor([0, 0, 1, 1, 1])
    plan = plan_groups(coords, 7, 0, image, capacity=5)
    assert plan.take.shape == (1, 5)
    assert int(plan.attend.sum()) == 2**2 + 3**2


@pytest.mark.parametrize(
    ('grid', 'window', 'units'),
    [
        ((7, 7), 7, [24]),
        ((7, 7), 7, range(49)),
        ((3, 5), 14, [0, 4, 14]),
        ((1, 1), 7, [0]),
        ((2, 9), 7, range(18)),
    ],
)
def test_edge_cases_plan(grid, window, units):
    coords = unit_coords(torch.tensor(list(units)), grid[1], z_order(8))
    for shift in (0, window // 2):
        plan = plan_groups(coords, window, shift)
        assert int(plan.real.sum()) == len(coords)


@pytest.mark.parametrize(
    ('coords', 'window', 'shift', 'message'),
    [
        (torch.zeros(0, 2, dtype=torch.long), 7, 0, 'at least one visible token'),
        (torch.zeros(3, dtype=torch.long), 7, 0, r'\(V, 2\)'),
        (torch.zeros(1, 2, dtype=torch.long), 7, 7, 'shift'),
    ],
)
def test_bad_arguments_are_refused(coords, window, shift, message):
    with pytest.raises(ValueError, match=message):
        plan_groups(coords, window, shift)


def test_a_plan_is_immutable():
    plan = plan_groups(coords_with_counts([2]), 7, 0)
    assert isinstance(plan, GroupPlan)
    with pytest.raises(AttributeError):
        plan.take = None
