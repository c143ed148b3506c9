"""Soft NMS in the order of mmcv's compiled one, which decides which of equal scores comes first."""

from __future__ import annotations

import numpy as np

DROP, LINEAR, GAUSSIAN = 0, 1, 2


def soft_nms(
    boxes: np.ndarray,
    scores: np.ndarray,
    iou_threshold: np.float32,
    sigma: np.float32,
    min_score: np.float32,
    method: int,
    offset: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Which boxes are left, in the order in which they were chosen, and their new scores.

    Args:
        boxes: (N, 4) float32, corners.
        scores: (N,) float32.
        iou_threshold: overlap from which ``DROP`` and ``LINEAR`` lower a score.
        sigma: width of ``GAUSSIAN``.
        min_score: a box is dropped as soon as its score is lower.
        method: ``DROP``, ``LINEAR`` (by 1 - overlap) or ``GAUSSIAN``.
        offset: what is added to widths and heights, 0 or 1.

    Returns:
        Indices (K,) int64 and scores (K,) float32.
    """
    rest, scores = np.arange(len(boxes)), scores.copy()
    areas = (boxes[:, 2:] - boxes[:, :2] + np.float32(offset)).prod(axis=1)
    chosen = []
    while len(rest):
        best = _first_highest(scores[rest])
        box = rest[best]
        chosen.append(box)
        rest[best] = rest[0]
        rest = rest[1:]
        overlaps = _overlaps(boxes[box], areas[box], boxes[rest], areas[rest], offset)
        scores[rest] *= _weights(overlaps, iou_threshold, sigma, method)
        rest = _close_gaps(rest, scores[rest] < min_score)
    return np.array(chosen, dtype=np.int64), scores[chosen].astype(np.float32)


def _first_highest(scores: np.ndarray) -> int:
    """Where the highest score is first; a first one that is no number is never exceeded."""
    if np.isnan(scores[0]):
        return 0
    return int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))


def _overlaps(
    box: np.ndarray, area: np.float32, boxes: np.ndarray, areas: np.ndarray, offset: int
) -> np.ndarray:
    """Intersection over union of a box and each of others; no number where neither has an area."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    both = np.maximum(np.float32(0), sides + np.float32(offset)).prod(axis=1)
    with np.errstate(invalid='ignore', divide='ignore'):
        return both / (area + areas - both)


def _weights(
    overlaps: np.ndarray, iou_threshold: np.float32, sigma: np.float32, method: int
) -> np.ndarray:
    """What scores are multiplied by."""
    if method == GAUSSIAN:
        # By way of float64: nearest to C's exp of a float32, which rounds another way now and then.
        exponents = -(overlaps * overlaps) / sigma
        return np.exp(exponents.astype(np.float64)).astype(np.float32)
    lowered = np.zeros_like(overlaps) if method == DROP else 1 - overlaps
    return np.where(overlaps >= iou_threshold, lowered, np.float32(1))


def _close_gaps(rest: np.ndarray, drop: np.ndarray) -> np.ndarray:
    """Without what is dropped: the last ones, from the end, move into the gaps that it leaves."""
    left = len(rest) - int(drop.sum())
    gaps = np.flatnonzero(drop[:left])
    moved = left + np.flatnonzero(~drop[left:])
    rest[gaps] = rest[moved[::-1]]
    return rest[:left]
