"""Packing what is visible of many windows into few groups of equal size.

After masking, windows hold unequal numbers of visible tokens. Group window attention (GreenMIM,
arXiv 2205.13515, section 3) packs whole windows into groups of at most ``capacity`` tokens, so that
attention is one dense batched product; inside a group only tokens of one window attend to each
other. How to pack is *optimal grouping*: for one capacity a multiple-subset-sum problem, solved
group by group with dynamic programming; and a search over capacities for the cheapest packing.

The cost of a packing is ``groups * capacity**2``, the pairs of slots whose products are computed.
The paper's further term, proportional to ``groups * capacity``, counts projections of padding; here
projections run on visible tokens only, so it is the same for every packing and left out.

Planning is for the CPU and for a few thousand numbers; nothing here touches the device.

Letters in shapes: V visible tokens, G groups, S slots per group (the capacity).
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmgreen.errors import InputError


class GroupPlan(NamedTuple):
    """Where each visible token sits in the groups, and back. Immutable; made once, passed down."""

    take: Tensor
    """(G, S) int64: the token in each slot; 0 where the slot is padding."""
    back: Tensor
    """(V,) int64: the slot of each token, counted through all groups."""
    window: Tensor
    """(G, S) int64: which window the slot's token belongs to; -1 where the slot is padding."""
    coords: Tensor
    """(G, S, 2) int64: row and column of the slot's token; those of token 0 in padding."""

    @property
    def capacity(self) -> int:
        """Slots per group."""
        return self.take.shape[1]

    @property
    def cost(self) -> int:
        """Pairs of slots whose products are computed: ``groups * capacity**2``."""
        return self.take.numel() * self.capacity

    @property
    def real(self) -> Tensor:
        """(G, S) bool, True where the slot holds a token, False where it is padding."""
        return self.window >= 0

    @property
    def attend(self) -> Tensor:
        """(G, S, S) bool, True = may attend: slots of one window.

        Padding attends to padding, so that every row has a True and softmax stays finite.
        """
        return self.window[:, :, None] == self.window[:, None, :]

    def to(self, device: torch.device | str) -> GroupPlan:
        """The same plan with its tensors on ``device``, without waiting for it."""
        return GroupPlan(*(tensor.to(device, non_blocking=True) for tensor in self))


def group(tokens: Tensor, plan: GroupPlan) -> Tensor:
    """(B, V, C) to (B, G, S, C); padding slots hold copies of token 0."""
    return tokens.index_select(1, plan.take.flatten()).unflatten(1, plan.take.shape)


def ungroup(groups: Tensor, plan: GroupPlan) -> Tensor:
    """(B, G, S, C) back to (B, V, C); what padding slots hold is dropped."""
    return groups.flatten(1, 2).index_select(1, plan.back)


def plan_groups(
    coords: Tensor,
    window: int,
    shift: int,
    image: Tensor | None = None,
    capacity: int | None = None,
) -> GroupPlan:
    """The cheapest packing found of the visible tokens into groups that split no window.

    Args:
        coords: (V, 2) int64 on the CPU, row and column in tokens of each visible token, in the
            order in which the tokens are stored.
        window: tokens a side of a window.
        shift: tokens by which windows are moved up and left; a token at row r lies in window row
            ``(r + window - shift) // window`` for ``shift > 0`` and ``r // window`` for 0. These
            are the windows of Swin's cyclic shift with its attention mask.
        image: (V,) int64, which image a token belongs to, where images hide different units. None:
            all tokens are one image's, and the plan serves every image of the batch.
        capacity: slots per group; None searches for the cheapest.

    Returns:
        The plan, on the CPU.

    Raises:
        ValueError: if there is no token, the shift does not fit the window, or ``capacity`` is
            smaller than the fullest window.
    """
    _check_arguments(coords, window, shift)
    places = coords.numpy()
    window_ids = _window_ids(places, window, shift, None if image is None else image.numpy())
    counts = np.bincount(window_ids)
    occupied = np.flatnonzero(counts)
    sizes = counts[occupied]
    tally = dict(sorted(Counter(sizes.tolist()).items(), reverse=True))
    if capacity is None:
        capacity, packing = _cheapest_packing(tally)
    elif capacity >= sizes.max():
        packing = _pack(tally, capacity)
    else:
        raise InputError(
            f'capacity={capacity} is smaller than the fullest window, which has '
            f'{sizes.max()} visible tokens; no window may be split.'
        )
    first_slot = np.zeros(len(counts), dtype=np.int64)
    first_slot[occupied] = _first_slots(sizes, packing, capacity)
    return _lay_out(places, window_ids, counts, first_slot, (_num_groups(packing), capacity))


def _check_arguments(coords: Tensor, window: int, shift: int) -> None:
    if coords.dim() != 2 or coords.shape[1] != 2 or len(coords) == 0:
        raise InputError(
            f'coords must be (V, 2) with at least one visible token, not {tuple(coords.shape)}.'
        )
    if not 0 <= shift < window:
        raise InputError(f'shift must lie in 0..window - 1, not {shift} for window {window}.')


def _window_ids(
    coords: np.ndarray, window: int, shift: int, image: np.ndarray | None
) -> np.ndarray:
    """(V,) a number for the window of each token; windows of different images differ."""
    places = (coords + (window - shift if shift else 0)) // window
    ids = places[:, 0] * (places[:, 1].max() + 1) + places[:, 1]
    return ids if image is None else ids + image * (ids.max() + 1)


class _Pattern(NamedTuple):
    """``repeats`` groups that hold windows of the same sizes."""

    sizes: tuple[int, ...]
    repeats: int


def _num_groups(packing: list[_Pattern]) -> int:
    return sum(pattern.repeats for pattern in packing)


def _cheapest_packing(tally: dict[int, int]) -> tuple[int, list[_Pattern]]:
    """The capacity of least cost, and its packing.

    Capacities are tried upwards from the fullest window. No packing is cheaper than
    ``total * capacity``, which grows with the capacity and so ends the search; and a packing is not
    begun, or given up, where its groups are too many to be cheaper than the best one so far.
    """
    total = sum(size * count for size, count in tally.items())
    capacity = max(tally)
    best = capacity, _pack(tally, capacity)
    best_cost = _num_groups(best[1]) * capacity**2
    while total * (capacity + 1) < best_cost:
        capacity += 1
        most = (best_cost - 1) // capacity**2
        packing = _pack(tally, capacity, most) if most * capacity >= total else None
        if packing is not None:
            best = capacity, packing
            best_cost = _num_groups(packing) * capacity**2
    return best


def _pack(tally: dict[int, int], capacity: int, most: int | None = None) -> list[_Pattern] | None:
    """Groups filled one after another, each as full as the windows left over allow.

    A fill depends on how many windows of each size are left, not on which; so it is repeated for as
    long as they last, and the dynamic program runs about once per size.

    Args:
        tally: how many windows of each size there are, sizes descending.
        capacity: slots per group, at least the largest size.
        most: groups allowed.

    Returns:
        The packing, or None if it would take more than ``most`` groups.
    """
    left = dict(tally)
    tokens_left = sum(size * count for size, count in left.items())
    packing, groups = [], 0
    while left:
        fill = _fullest_fill(left, capacity)
        used = {size: fill.count(size) for size in fill}
        repeats = min(left[size] // count for size, count in used.items())
        packing.append(_Pattern(fill, repeats))
        groups += repeats
        tokens_left -= repeats * sum(fill)
        for size, count in used.items():
            left[size] -= count * repeats
            if not left[size]:
                del left[size]
        if most is not None and groups - (-tokens_left // capacity) > most:
            return None
    return packing


def _fullest_fill(left: dict[int, int], capacity: int) -> tuple[int, ...]:
    """Sizes of windows that fill a group best, the largest window left among them.

    Subset sums by dynamic programming: bit s of ``reached[k]`` says that the first k sizes can sum
    to s. The largest window comes first because it is the hardest to place later; among equal fills
    large windows are preferred, and small ones kept for gaps to come.

    Args:
        left: how many windows of each size are left, sizes descending.
        capacity: at least the largest size.
    """
    largest = next(iter(left))
    room = capacity - largest
    sizes = [size for size in left if size <= room]
    within = (2 << room) - 1
    reached = [1]
    for size in sizes:
        sums, copies, fitting = reached[-1], left[size] - (size == largest), room // size
        for _ in range(copies if copies < fitting else fitting):
            sums |= sums << size
        reached.append(sums & within)
        if sums >> room & 1:
            break
    fill = [largest]
    rest = reached[-1].bit_length() - 1
    for k in range(len(reached) - 1, 0, -1):
        while not reached[k - 1] >> rest & 1:
            fill.append(sizes[k - 1])
            rest -= sizes[k - 1]
    return tuple(fill)


def _first_slots(sizes: np.ndarray, packing: list[_Pattern], capacity: int) -> np.ndarray:
    """(windows,) the slot, counted through all groups, at which each window's tokens begin."""
    starts_of_size: dict[int, list[int]] = {}
    first_slot = 0
    for pattern in packing:
        end = first_slot + pattern.repeats * capacity
        offset = 0
        for size in pattern.sizes:
            starts = starts_of_size.setdefault(size, [])
            starts.extend(range(first_slot + offset, end, capacity))
            offset += size
        first_slot = end
    first_slots = np.empty(len(sizes), dtype=np.int64)
    first_slots[np.argsort(sizes, kind='stable')] = [
        start for size in sorted(starts_of_size) for start in starts_of_size[size]
    ]
    return first_slots


def _lay_out(
    coords: np.ndarray,
    window_ids: np.ndarray,
    counts: np.ndarray,
    first_slot: np.ndarray,
    shape: tuple[int, int],
) -> GroupPlan:
    """The plan, once every window knows the slot at which it begins.

    Tokens of a window keep the order in which they are stored.
    """
    by_window = np.argsort(window_ids, kind='stable')
    before = np.cumsum(counts) - counts
    offset = first_slot - before
    slots = np.arange(len(by_window)) + offset[window_ids[by_window]]
    back = np.empty_like(slots)
    back[by_window] = slots
    take = np.zeros(shape, dtype=np.int64)
    take.reshape(-1)[slots] = by_window
    window = np.full(shape, -1, dtype=np.int64)
    window.reshape(-1)[back] = window_ids
    return GroupPlan(*map(torch.from_numpy, (take, back, window, coords[take])))
