"""Comparison of many pairs at once: each distinct pair of values is compared a single time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from matchers.compare.levels import MISSING
from matchers.score import BELOW_LINE, contradicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.plan import Prepared
    from matchers.score import ComparisonScorer, Scorer


@dataclass(frozen=True, slots=True)
class Compared:
    """Levels and surprise bits (times the level's share), one row a pair, one column a field."""

    levels: NDArray[np.int8]
    rarity: NDArray[np.float32]


def compared(
    scorer: Scorer,
    prepared: Sequence[Prepared],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> Compared:
    """Compare the pairs (left[i], right[i]) of record numbers."""
    width = len(scorer.comparisons)
    levels = np.full((len(left), width), MISSING, dtype=np.int8)
    rarity = np.zeros((len(left), width), dtype=np.float32)
    for column, item in enumerate(scorer.comparisons):
        values, codes = _codes([record.values[column] for record in prepared], item)
        one, two = codes[left], codes[right]
        there = np.flatnonzero((one >= 0) & (two >= 0))
        low, high = np.minimum(one[there], two[there]), np.maximum(one[there], two[there])
        pairs, back = np.unique(low.astype(np.int64) * len(values) + high, return_inverse=True)
        distinct, told = _compare(item, values, pairs)
        levels[there, column] = distinct[back]
        rarity[there, column] = told[back]
    return Compared(levels, rarity)


def _codes(column: list[Any], item: ComparisonScorer) -> tuple[list[Any], NDArray[np.int32]]:
    known: dict[Any, int] = {}
    codes = np.fromiter(
        (-1 if value is None else known.setdefault(value, len(known)) for value in column),
        dtype=np.int32,
        count=len(column),
    )
    generic = np.array([item.generic(value) for value in known] or [False])
    codes[(codes >= 0) & generic[codes]] = -1
    return list(known), codes


def _compare(
    item: ComparisonScorer, values: list[Any], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    levels = np.empty(len(pairs), dtype=np.int8)
    told = np.zeros(len(pairs), dtype=np.float32)
    shares = [level.frequency for level in item.comparison.comparator.levels]
    size = max(len(values), 1)
    for spot, (one, two) in enumerate(
        zip((pairs // size).tolist(), (pairs % size).tolist(), strict=True)
    ):
        level = item.level(values[one], values[two])
        levels[spot] = level
        if level != MISSING and shares[level]:
            told[spot] = shares[level] * item.surprise(values[one], values[two])
    return levels, told


def bits(scorer: Scorer, found: Compared) -> NDArray[np.float64]:
    """Weight per pair and comparison; missing weighs nothing."""
    parts = np.zeros(found.levels.shape)
    for column, item in enumerate(scorer.comparisons):
        table = np.array([*item.weights, 0.0])
        parts[:, column] = table[found.levels[:, column]]
    parts += found.rarity
    discount_places(parts, scorer.places)
    return parts


def totals(scorer: Scorer, found: Compared) -> NDArray[np.float64]:
    """Weight per pair, prior included, with the guard against shared households."""
    weights: NDArray[np.float64] = scorer.prior + bits(scorer, found).sum(axis=1)
    guard = scorer.guard
    if guard.name >= 0:
        held = found.levels[:, guard.name] == guard.different
        for spot, most in guard.own:
            held &= (found.levels[:, spot] < 0) | (found.levels[:, spot] > most)
        weights[held] = np.minimum(weights[held], scorer.line + BELOW_LINE)
    return weights


def discount_places(parts: NDArray[np.float64], columns: tuple[int, ...]) -> None:
    """The same discount as `score.discounted`, on all rows of the matrix itself."""
    if not columns:
        return
    chosen = parts[:, columns]
    order = np.argsort(-chosen, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    parts[:, columns] = np.where(chosen > 0, chosen * 0.5**rank, chosen)


def vetoed(scorer: Scorer, found: Compared) -> NDArray[np.bool_]:
    """Pairs whose exclusive attributes contradict."""
    result = np.zeros(len(found.levels), dtype=bool)
    for column, item in enumerate(scorer.comparisons):
        last = len(item.weights) - 1
        if contradicts(item.comparison, last):
            result |= found.levels[:, column] == last
    return result
