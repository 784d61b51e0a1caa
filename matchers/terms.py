"""Term frequencies: a versioned snapshot of how often each value or word occurs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNSEEN_TOTAL = 1000
_CLASS_MARK = 2


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


def count_terms(values: Iterable[tuple[tuple[str, ...], int]]) -> TermTable:
    """The snapshot of one comparison's terms: each value's, with how many records hold it."""
    counts: dict[str, int] = {}
    total = 0
    for terms, times in values:
        total += times
        for term in terms:
            counts[term] = counts.get(term, 0) + times
    collisions: dict[str, float] = {}
    for term, count in sorted(counts.items()):
        name = term_class(term)
        collisions[name] = collisions.get(name, 0.0) + (count / total) ** 2
    repeated = {term: count for term, count in sorted(counts.items()) if count > 1}
    return TermTable(total, repeated, collisions)
