"""Term frequencies: a versioned snapshot of how often each value or word occurs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNSEEN_TOTAL = 1000
_CLASS_MARK = 2
_VECTORS_KEPT = 1 << 14


def term_class(term: str) -> str:
    """Terms of one table fall into classes ("g:", "=", ...) with a collision rate each."""
    if term[:1] == "=":
        return "="
    return term[:_CLASS_MARK] if term[1:_CLASS_MARK] == ":" else ""


@dataclass(frozen=True, slots=True)
class TermTable:
    """How many of `total` values hold each term; terms seen once are left out.

    `collisions` is, per class of terms, the chance that two random values hold the same one.
    """

    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    collisions: Mapping[str, float] = field(default_factory=dict)
    _idf: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    _told: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    _vectors: dict[tuple[str, ...], tuple[frozenset[str], float]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def count(self, term: str) -> int:
        """Records holding the term, never less than one."""
        return self.counts.get(term, 1)

    def surprise(self, term: str) -> float:
        """Bits by which agreement on this term tells more than agreement on an average one."""
        known = self._told.get(term)
        if known is None:
            average = self.collisions.get(term_class(term), 0.0)
            known = math.log2(average * self.total / self.count(term)) if average else 0.0
            self._told[term] = known
        return known

    def idf(self, term: str) -> float:
        """Weight of a word: 1 for a word seen once, towards 0 for a word seen everywhere."""
        known = self._idf.get(term)
        if known is None:
            total = max(self.total, _UNSEEN_TOTAL)
            known = max(math.log(total / self.count(term)), 0.05) / math.log(total)
            self._idf[term] = known
        return known

    def vector(self, words: tuple[str, ...]) -> tuple[frozenset[str], float]:
        """The words as a set, and the square of its weighted length."""
        known = self._vectors.get(words)
        if known is None:
            if len(self._vectors) >= _VECTORS_KEPT:
                self._vectors.clear()
            held = frozenset(words)
            known = held, sum([self.idf(word) ** 2 for word in held])
            self._vectors[words] = known
        return known


class TermCounter:
    """Counts the terms of one comparison, value by value."""

    __slots__ = ("_counts", "_total")

    def __init__(self) -> None:
        """Start with no value."""
        self._counts: dict[str, int] = {}
        self._total = 0

    def add(self, terms: Iterable[str], times: int = 1) -> None:
        """Count a value that so many records hold."""
        self._total += times
        for term in terms:
            self._counts[term] = self._counts.get(term, 0) + times

    def table(self) -> TermTable:
        """The snapshot of what was counted."""
        collisions: dict[str, float] = {}
        counts = sorted(self._counts.items())
        for term, count in counts:
            name = term_class(term)
            collisions[name] = collisions.get(name, 0.0) + (count / self._total) ** 2
        repeated = {term: count for term, count in counts if count > 1}
        return TermTable(self._total, repeated, collisions)


def count_terms(values: Iterable[tuple[tuple[str, ...], int]]) -> TermTable:
    """The snapshot of one comparison's terms: each value's, with how many records hold it."""
    counter = TermCounter()
    for terms, times in values:
        counter.add(terms, times)
    return counter.table()
