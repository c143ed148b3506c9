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

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


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
    window_ids = _window_ids(
        coords.numpy(), window, shift, None if image is None else image.numpy()
    )
    counts = np.bincount(window_ids)
    occupied = np.flatnonzero(counts)
    sizes = counts[occupied]
    if capacity is None:
        capacity, packing = _cheapest_packing(sizes)
    elif capacity >= sizes.max():
        packing = _pack(sizes, capacity)
    else:
        raise ValueError(
            f'capacity={capacity} is smaller than the fullest window, which has '
            f'{sizes.max()} visible tokens; no window may be split.'
        )
    first_slot = np.zeros(len(counts), dtype=np.int64)
    first_slot[occupied] = _first_slots(sizes, packing, capacity)
    return _lay_out(coords, window_ids, counts, first_slot, (_num_groups(packing), capacity))


def _check_arguments(coords: Tensor, window: int, shift: int) -> None:
    if coords.dim() != 2 or coords.shape[1] != 2 or len(coords) == 0:
        raise ValueError(
            f'coords must be (V, 2) with at least one visible token, not {tuple(coords.shape)}.'
        )
    if not 0 <= shift < window:
        raise ValueError(f'shift must lie in 0..window - 1, not {shift} for window {window}.')


def _window_ids(
    coords: np.ndarray, window: int, shift: int, image: np.ndarray | None
) -> np.ndarray:
    """(V,) a number for the window of each token; windows of different images differ."""
    places = (coords + (window - shift if shift else 0)) // window
    rows, columns = places.max(axis=0) + 1
    ids = places[:, 0] * columns + places[:, 1]
    return ids if image is None else ids + image * (rows * columns)


class _Pattern(NamedTuple):
    """``repeats`` groups that hold windows of the same sizes."""

    sizes: tuple[int, ...]
    repeats: int


def _num_groups(packing: list[_Pattern]) -> int:
    return sum(pattern.repeats for pattern in packing)


def _cheapest_packing(sizes: np.ndarray) -> tuple[int, list[_Pattern]]:
    """The capacity of least cost, and its packing.

    Capacities are tried upwards from the fullest window. No packing is cheaper than
    ``ceil(total / capacity)`` groups, nor than ``total * capacity`` in cost, which grows with the
    capacity: the first bound spares most packings, the second ends the search.
    """
    total, fullest = int(sizes.sum()), int(sizes.max())
    best_cost, best = None, None
    for capacity in range(fullest, total + 1):
        if best_cost is not None:
            if total * capacity >= best_cost:
                break
            if -(-total // capacity) * capacity**2 >= best_cost:
                continue
        packing = _pack(sizes, capacity)
        cost = _num_groups(packing) * capacity**2
        if best_cost is None or cost < best_cost:
            best_cost, best = cost, (capacity, packing)
    return best


def _pack(sizes: np.ndarray, capacity: int) -> list[_Pattern]:
    """Groups filled one after another, each as full as the windows left over allow.

    A fill depends on how many windows of each size are left, not on which; so it is repeated for as
    long as they last, and the dynamic program runs at most once per pair of a size and its end.
    """
    tally = np.bincount(sizes)
    left = {int(size): int(tally[size]) for size in np.flatnonzero(tally)[::-1]}
    packing = []
    while left:
        fill = _fullest_fill(left, capacity)
        used = {size: fill.count(size) for size in fill}
        repeats = min(left[size] // count for size, count in used.items())
        packing.append(_Pattern(fill, repeats))
        for size, count in used.items():
            left[size] -= count * repeats
            if not left[size]:
                del left[size]
    return packing


def _fullest_fill(left: dict[int, int], capacity: int) -> tuple[int, ...]:
    """Sizes of windows that fill a group best, the largest window left among them.

    Subset sums by dynamic programming: bit s of ``reached[k]`` says that the first k sizes can sum
    to s. The largest window comes first because it is the hardest to place later; among equal fills
    large windows are preferred, and small ones kept for gaps to come.

    Args:
        left: how many windows of each size there are, sizes descending.
        capacity: at least the largest size.
    """
    largest = next(iter(left))
    within = (1 << (capacity + 1)) - 1
    reached = [1 << largest]
    for size, count in left.items():
        sums = reached[-1]
        for _ in range(min(count - (size == largest), (capacity - largest) // size)):
            sums |= (sums << size) & within
        reached.append(sums)
        if sums >> capacity:
            break
    fill = [largest]
    rest = reached[-1].bit_length() - 1
    for size, before in reversed(list(zip(left, reached))):
        while not before >> rest & 1:
            fill.append(size)
            rest -= size
    return tuple(fill)


def _first_slots(sizes: np.ndarray, packing: list[_Pattern], capacity: int) -> np.ndarray:
    """(windows,) the slot, counted through all groups, at which each window's tokens begin."""
    by_size = np.argsort(sizes, kind='stable')
    tally = np.bincount(sizes)
    next_of_size = (np.cumsum(tally) - tally).tolist()
    first_slots = np.empty(len(sizes), dtype=np.int64)
    first_group = 0
    for pattern in packing:
        starts = np.arange(first_group, first_group + pattern.repeats) * capacity
        for size in pattern.sizes:
            begin = next_of_size[size]
            next_of_size[size] = begin + pattern.repeats
            first_slots[by_size[begin : next_of_size[size]]] = starts
            starts = starts + size
        first_group += pattern.repeats
    return first_slots


def _lay_out(
    coords: Tensor,
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
    take = torch.from_numpy(take)
    return GroupPlan(take, torch.from_numpy(back), torch.from_numpy(window), coords[take])
