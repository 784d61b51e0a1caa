"""Blocking keys of a whole table as numbers: once per distinct value, spread over the records.

The code of a key that stands alone is the hash of its text; the code of a combination is mixed from
the hashes of its two parts. Codes hold in one process only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.blocking import alone, named_keys
from matchers.compare.levels import Strength

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchers.coded import Column, Table
    from matchers.score import ComparisonScorer, Scorer

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True)
class KeyCodes:
    """One entry per record and key; `kinds` are the strengths of keys alone, WEAK for two."""

    records: NDArray[np.int32]
    codes: NDArray[np.int64]
    kinds: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _Entries:
    """The keys of a column's values: value i has those from starts[i] on, counts[i] of them."""

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    codes: NDArray[np.int64]
    strengths: NDArray[np.int8]


def code(key: tuple[str, ...]) -> int:
    """The code of one key, by its parts."""
    if len(key) == 1:
        return hash(key[0])
    one, two = (np.array([hash(part)], dtype=np.int64) for part in key)
    return int(_mixed(one, two)[0])


def key_codes(scorer: Scorer, table: Table) -> KeyCodes:
    """All keys of all records."""
    parts: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]] = []
    partial: list[tuple[NDArray[np.int32], _Entries]] = []
    for item, column in zip(scorer.comparisons, table.columns, strict=True):
        single, some = _entries(item, column)
        parts.append(_spread(column.codes, single))
        partial.append((column.codes, some))
    for spot, (codes, entries) in enumerate(partial):
        for other_codes, other in partial[spot + 1 :]:
            parts.append(_crossed((codes, entries), (other_codes, other)))
    return KeyCodes(
        np.concatenate([records for records, _, _ in parts]),
        np.concatenate([codes for _, codes, _ in parts]),
        np.concatenate([kinds for _, _, kinds in parts]),
    )


def _entries(item: ComparisonScorer, column: Column) -> tuple[_Entries, _Entries]:
    """The keys that stand alone, and those that are combined."""
    single: list[list[tuple[int, int]]] = []
    some: list[list[tuple[int, int]]] = []
    for value in column.values:
        named = [] if item.generic(value) else list(dict(named_keys(item, value)).items())
        single.append([(hash(alone(t, s)), s) for t, s in named if s >= Strength.BASE])
        some.append([(hash(t), s) for t, s in named if s <= Strength.BASE])
    return _packed(single), _packed(some)


def _packed(lists: list[list[tuple[int, int]]]) -> _Entries:
    counts = np.array([len(found) for found in lists], dtype=np.int64)
    flat = [entry for found in lists for entry in found]
    return _Entries(
        np.cumsum(counts) - counts,
        counts,
        np.array([entry[0] for entry in flat], dtype=np.int64),
        np.array([entry[1] for entry in flat], dtype=np.int8),
    )


def _spread(
    values: NDArray[np.int32], entries: _Entries
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]:
    rows = np.flatnonzero(values >= 0)
    held = values[rows]
    counts = entries.counts[held]
    chosen = np.repeat(entries.starts[held], counts) + _within(counts)
    records = np.repeat(rows, counts).astype(np.int32)
    return records, entries.codes[chosen], entries.strengths[chosen]


def _crossed(
    one: tuple[NDArray[np.int32], _Entries], two: tuple[NDArray[np.int32], _Entries]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]:
    """Combinations of which one at least is a base key."""
    (values, left), (others, right) = one, two
    rows = np.flatnonzero((values >= 0) & (others >= 0))
    mine, theirs = values[rows], others[rows]
    wide = right.counts[theirs]
    counts = left.counts[mine] * wide
    within, wide = _within(counts), np.repeat(wide, counts)
    a = np.repeat(left.starts[mine], counts) + within // np.maximum(wide, 1)
    b = np.repeat(right.starts[theirs], counts) + within % np.maximum(wide, 1)
    kept = left.strengths[a] + right.strengths[b] >= Strength.BASE
    records = np.repeat(rows, counts)[kept].astype(np.int32)
    codes = _mixed(left.codes[a[kept]], right.codes[b[kept]])
    return records, codes, np.zeros(len(codes), dtype=np.int8)


def _within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2, ... for each count."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) - np.repeat(ends - counts, counts)


def _mixed(one: NDArray[np.int64], two: NDArray[np.int64]) -> NDArray[np.int64]:
    first = one.view(np.uint64) * _FIRST
    first ^= first >> _SHIFT
    mixed: NDArray[np.int64] = ((first + two.view(np.uint64)) * _SECOND).view(np.int64)
    return mixed
