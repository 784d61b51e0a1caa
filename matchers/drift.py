"""Whether a snapshot of term frequencies still says what the records say.

Three things make it stale: the table has outgrown it; values that identify are held by so many
records by now that they should count no more; what is common and what is rare has changed, in bits
of weight of an agreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matchers.plan import plan
from matchers.score import GENERIC, RAREST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matchers.model import MatchModel
    from matchers.spec import MatchSpec
    from matchers.terms import TermTable

STALE = 1.5
"""A table that is so many times larger than what was counted has outgrown the snapshot."""
MOST_SHIFT = 0.5
"""Bits by which an average agreement may weigh otherwise."""


@dataclass(frozen=True, slots=True)
class Crowded:
    """A value of an identifying field that too many records hold by now to identify anything."""

    field: str
    value: str
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many bits an agreement of the field would weigh otherwise, on average."""

    field: str
    bits: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the records have moved from the snapshot."""

    then: int
    now: int
    crowded: tuple[Crowded, ...]
    shifts: tuple[Shift, ...]

    def reasons(self) -> tuple[str, ...]:
        """Why the snapshot should be renewed; none where it still serves."""
        found = []
        if outgrown(self.then, self.now):
            found.append(f"{self.now} records, counted on {self.then}")
        if self.crowded:
            worst = self.crowded[0]
            found.append(
                f"{len(self.crowded)} values identify nobody any more, the worst"
                f" {worst.field} {worst.value!r} (held by {worst.then} then, {worst.now} now)"
            )
        found += [
            f"an agreement of {item.field} would weigh {item.bits:.1f} bits otherwise"
            for item in self.shifts
            if item.bits > MOST_SHIFT
        ]
        return tuple(found)


def outgrown(then: int, now: int) -> bool:
    """Tell by the numbers of records alone, which costs next to nothing."""
    return now > STALE * max(then, 1)


def drift(spec: MatchSpec, before: MatchModel, after: MatchModel) -> Drift:
    """Compare a model's snapshot with a new one of the same fields."""
    crowded: list[Crowded] = []
    shifts = []
    for comparison, old, new in zip(plan(spec), before.comparisons, after.comparisons, strict=True):
        if comparison.comparator.identifying:
            crowded += _crowded(comparison.name, old.terms, new.terms)
        if new.terms.counts:
            shifts.append(Shift(comparison.name, _shift(old.terms, new.terms)))
    return Drift(
        then=before.records,
        now=after.records,
        crowded=tuple(sorted(crowded, key=lambda item: (-item.now, item.field, item.value))),
        shifts=tuple(sorted(shifts, key=lambda item: (-item.bits, item.field))),
    )


def _crowded(name: str, old: TermTable, new: TermTable) -> Iterator[Crowded]:
    for term, count in new.counts.items():
        known = old.counts.get(term, 0)
        if count > GENERIC >= known:
            yield Crowded(name, term, known, count)


def _shift(old: TermTable, new: TermTable) -> float:
    """The mean over the values that records share, each as often as it is held."""
    total = sum(new.counts.values())
    moved = sum(
        count * min(abs(new.surprise(term) - old.surprise(term)), RAREST)
        for term, count in new.counts.items()
    )
    return moved / total
