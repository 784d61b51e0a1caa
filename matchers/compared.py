"""Comparison of many pairs at once: each distinct pair of values is compared a single time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from matchers.coded import table_of
from matchers.compare.levels import MISSING
from matchers.halves import in_halves
from matchers.score import RAREST, contradicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.coded import Column, Table
    from matchers.plan import Prepared
    from matchers.score import ComparisonScorer, Scorer

_AT_A_TIME = 2_000_000
_WORTH_TWO = 150_000
"""Pairs of values from which on a second process is worth its start."""


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
    columns = table_of(prepared).columns if len(prepared) else []
    for spot, (item, column) in enumerate(zip(scorer.comparisons, columns, strict=False)):
        levels[:, spot], rarity[:, spot] = judged(item, column, left, right)
    return Compared(levels, rarity)


def judged(
    item: ComparisonScorer, column: Column, left: NDArray[np.int32], right: NDArray[np.int32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Levels and surprise of one comparison for all pairs."""
    levels = np.full(len(left), MISSING, dtype=np.int8)
    rarity = np.zeros(len(left), dtype=np.float32)
    codes = telling(item, column)
    one, two = codes[left], codes[right]
    there = np.flatnonzero((one >= 0) & (two >= 0))
    low, high = np.minimum(one[there], two[there]), np.maximum(one[there], two[there])
    paired = low.astype(np.int64) * len(column.values) + high
    pairs, back = np.unique(paired, return_inverse=True)
    distinct, told = _compare(item, column.values, pairs)
    levels[there], rarity[there] = distinct[back], told[back]
    return levels, rarity


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weight of each pair, -inf where it is at most the floor, and which pairs are vetoed."""

    weights: NDArray[np.float64]
    barred: NDArray[np.bool_]


def weighed(
    scorer: Scorer,
    prepared: Sequence[Prepared],
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
    floor: float,
) -> Weighed:
    """Weigh many pairs; a pair that can no longer reach the floor is compared no further.

    The comparisons that can veto come first and see every pair; then those of few values, which
    are compared fastest.
    """
    weights = np.full(len(pairs[0]), -np.inf)
    barred = np.zeros(len(pairs[0]), dtype=bool)
    for first in range(0, len(weights), _AT_A_TIME):
        part = slice(first, first + _AT_A_TIME)
        _weigh_part(scorer, prepared, (pairs[0][part], pairs[1][part]), floor,
                    Weighed(weights[part], barred[part]))  # fmt: skip
    return Weighed(weights, barred)


def _weigh_part(
    scorer: Scorer,
    prepared: Sequence[Prepared],
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
    floor: float,
    into: Weighed,
) -> None:
    table, (left, right) = table_of(prepared), pairs
    alive = np.arange(len(left))
    found = Compared(
        np.full((len(left), len(scorer.comparisons)), MISSING, dtype=np.int8),
        np.zeros((len(left), len(scorer.comparisons)), dtype=np.float32),
    )
    most = [_most(item) for item in scorer.comparisons]
    bound = np.full(len(left), scorer.prior + sum(most))
    asked = np.zeros(len(left), dtype=bool)
    for spot in _fastest_first(scorer, table):
        item = scorer.comparisons[spot]
        levels, told = judged(item, table.columns[spot], left[alive], right[alive])
        found.levels[alive, spot], found.rarity[alive, spot] = levels, told
        last = len(item.weights) - 1
        bound[alive] += np.array([*item.weights, 0.0])[levels] + told - most[spot]
        if contradicts(item.comparison, last):
            into.barred[alive[levels == last]] = True
        if spot in scorer.guard.exclusive:
            asked[alive] |= levels == 0
        if not item.comparison.exclusive:
            alive = alive[(bound[alive] > floor) | asked[alive]]
    kept = Compared(found.levels[alive], found.rarity[alive])
    into.weights[alive] = totals(scorer, kept)


def _most(item: ComparisonScorer) -> float:
    """The most bits that a comparison can give; missing gives none."""
    levels = zip(item.weights, item.comparison.comparator.levels, strict=True)
    return max(0.0, *(weight + level.frequency * RAREST for weight, level in levels))


def _fastest_first(scorer: Scorer, table: Table) -> list[int]:
    def rank(spot: int) -> tuple[bool, int, int]:
        free = not scorer.comparisons[spot].comparison.exclusive
        return (free, len(table.columns[spot].values), spot)

    return sorted(range(len(scorer.comparisons)), key=rank)


def telling(item: ComparisonScorer, column: Column) -> NDArray[np.int32]:
    """The records' value numbers; -1 also for a value that says nothing."""
    generic = np.array([item.generic(value) for value in column.values] or [False])
    return np.where((column.codes >= 0) & generic[column.codes], np.int32(-1), column.codes)


def _compare(
    item: ComparisonScorer, values: list[Any], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Compare the distinct pairs of values; many of them on two cores."""

    def part(first: int, last: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        return _compare_part(item, values, pairs[first:last])

    parts = in_halves(part, len(pairs), _WORTH_TWO)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _compare_part(
    item: ComparisonScorer, values: list[Any], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    size = max(len(values), 1)
    ones, twos = (pairs // size).tolist(), (pairs % size).tolist()
    value = values.__getitem__
    judged = item.judged(map(value, ones), map(value, twos))
    levels = np.fromiter(judged, dtype=np.int8, count=len(ones))
    told = np.zeros(len(pairs), dtype=np.float32)
    shares = np.array([level.frequency for level in item.comparison.comparator.levels] + [0.0])
    share = shares[levels]
    for spot in np.flatnonzero(share).tolist():
        told[spot] = share[spot] * item.surprise(values[ones[spot]], values[twos[spot]])
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
    """Weight per pair, prior included, within the guards."""
    weights: NDArray[np.float64] = scorer.prior + bits(scorer, found).sum(axis=1)
    scorer.guard.bound(weights, found.levels)
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
