"""Which of several records a group of attributes survives from: strategies and the tie-break.

A strategy narrows the candidates; what it drops has lost at it. The order of the candidates never
counts. A strategy that cannot tell (no ranks, times within the skew, currencies without a rate)
drops nothing, and the next one decides. The tie-break is total: newest change, system rank, system
and key.

`most_restrictive` is the lowest number, the earliest date, and for flags *true*, because the flags
that have a restrictive side say so (hold, block, dispute). `most_complete` counts the filled
attributes of the group, or of the whole record where the group is one attribute.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from golden_records.domain.catalogue import Strategy, ValueType
from golden_records.domain.values import ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from golden_records.domain.catalogue import Attribute, Survivorship
    from golden_records.domain.money import Scale
    from golden_records.domain.records import SourceRecord

    Records: TypeAlias = list[SourceRecord]
    Keep: TypeAlias = Callable[[Records], Records]
    Decided: TypeAlias = tuple[SourceRecord, str, list[tuple[SourceRecord, str]]]

NEVER: Final = datetime.min.replace(tzinfo=UTC)
DEFAULT_RANK: Final = 100
TIE_BREAK: Final = "tie_break"
ONLY: Final = "only"


class Survival:
    """The compiled strategies of one group; `ranks` gives each system's rank, lowest first."""

    __slots__ = ("_group", "_name", "_names", "_place", "_steps")

    def __init__(
        self,
        group: Survivorship,
        attributes: Mapping[str, Attribute],
        system_ranks: Mapping[str, int],
        scale: Scale | None = None,
    ) -> None:
        """With a scale, amounts of different currencies have an order during one merge."""
        self._group = group
        self._names = group.attributes
        self._name = group.attributes[0] if len(group.attributes) == 1 else None
        self._place = {system: (1, rank) for system, rank in system_ranks.items()}
        self._place.update({system: (0, at) for at, system in enumerate(group.ranks)})
        ordered = _Measured.of(group, attributes, scale)
        steps: dict[Strategy, Keep | None] = {
            Strategy.SOURCE_RANK: self._best_rank if self._place else None,
            Strategy.MOST_RECENT: self._most_recent,
            Strategy.MOST_COMPLETE: self._most_complete,
            Strategy.MOST_FREQUENT: self._most_frequent,
            Strategy.MIN: ordered.least if ordered else None,
            Strategy.MAX: ordered.greatest if ordered else None,
            Strategy.MOST_RESTRICTIVE: ordered.most_restrictive if ordered else None,
        }
        chosen = ((strategy.value, steps[strategy]) for strategy in group.strategies)
        self._steps = tuple((name, keep) for name, keep in chosen if keep)

    def choose(self, candidates: Records) -> Decided:
        """Return the winner, the step that decided, and the losers with the step they lost at."""
        if len(candidates) == 1:
            return candidates[0], ONLY, []
        lost: list[tuple[SourceRecord, str]] = []
        for name, keep in self._steps:
            kept = keep(candidates)
            if len(kept) == 1:
                winner = kept[0]
                return winner, name, lost + [(r, name) for r in candidates if r is not winner]
            if len(kept) < len(candidates):
                left = {id(record) for record in kept}
                lost += [(record, name) for record in candidates if id(record) not in left]
                candidates = kept
        winner = self.last_word(candidates)
        return winner, TIE_BREAK, lost + [(r, TIE_BREAK) for r in candidates if r is not winner]

    def last_word(self, candidates: Records) -> SourceRecord:
        """Decide by the total order: newest change, system rank, system name, key."""
        times = self._times(candidates)
        newest = max(times)
        last = [r for r, time in zip(candidates, times, strict=True) if time == newest]
        return min(last, key=lambda r: (self._rank(r), r.system, r.key, r.id))

    def changed_at(self, record: SourceRecord) -> datetime:
        """When the record last changed any attribute of the group; NEVER if that is unknown."""
        changed = record.changed_at
        if self._name is not None:
            return changed.get(self._name, NEVER)
        return max([changed.get(name, NEVER) for name in self._names])

    def _rank(self, record: SourceRecord) -> tuple[int, int]:
        return self._place.get(record.system, (1, DEFAULT_RANK))

    def _best_rank(self, records: Records) -> Records:
        ranks = [self._rank(record) for record in records]
        best = min(ranks)
        return [record for record, rank in zip(records, ranks, strict=True) if rank == best]

    def _most_recent(self, records: Records) -> Records:
        times = self._times(records)
        newest = max(times)
        if newest == NEVER:
            return records
        oldest = newest - self._group.skew if self._group.skew else newest
        return [record for record, time in zip(records, times, strict=True) if time >= oldest]

    def _times(self, records: Records) -> list[datetime]:
        name = self._name
        if name is not None:
            return [record.changed_at.get(name, NEVER) for record in records]
        return [self.changed_at(record) for record in records]

    def _most_complete(self, records: Records) -> Records:
        names = self._names if self._name is None else None
        filled = [_filled(record, names) for record in records]
        most = max(filled)
        return [record for record, count in zip(records, filled, strict=True) if count == most]

    def _most_frequent(self, records: Records) -> Records:
        said = [_hashable([record.attrs.get(name) for name in self._names]) for record in records]
        counts = Counter(said)
        most = max(counts.values())
        return [
            record for record, value in zip(records, said, strict=True) if counts[value] == most
        ]


class _Measured:
    """A group's first attribute with an order, and the attributes that give its unit."""

    __slots__ = ("_name", "_order", "_scale", "_type", "_units")

    def __init__(self, measure: Attribute, units: tuple[str, ...], scale: Scale | None) -> None:
        self._name = measure.name
        self._scale = scale if scale and scale.measure == measure.name else None
        self._type = measure.type
        self._order = ORDER.get(measure.type, bool)
        self._units = units

    @classmethod
    def of(
        cls, group: Survivorship, attributes: Mapping[str, Attribute], scale: Scale | None
    ) -> _Measured | None:
        members = [attributes[name] for name in group.attributes if name in attributes]
        ordered = [a for a in members if a.type in ORDER or a.type is ValueType.BOOLEAN]
        if not ordered:
            return None
        measure = next((a for a in ordered if scale and a.name == scale.measure), ordered[0])
        units = [a.name for a in members if measure.name == a.unit_of or a.name == measure.unit_of]
        return cls(measure, tuple(units), scale)

    def least(self, records: Records) -> Records:
        return self._extreme(records, min)

    def greatest(self, records: Records) -> Records:
        return self._extreme(records, max)

    def most_restrictive(self, records: Records) -> Records:
        return self._extreme(records, max if self._type is ValueType.BOOLEAN else min)

    def _extreme(self, records: Records, pick: Callable[[Iterable[Any]], Any]) -> Records:
        """Amounts in different units have no order; a record without an amount has none either."""
        measured = [record for record in records if record.attrs.get(self._name) is not None]
        if measured and self._scale is not None:
            return self._nearest(measured, pick, self._scale) or records
        if not measured or self._units_differ(measured):
            return records
        sizes = [self._order(record.attrs[self._name]) for record in measured]
        wanted = pick(sizes)
        return [record for record, size in zip(measured, sizes, strict=True) if size == wanted]

    def _nearest(
        self, measured: Records, pick: Callable[[Iterable[Any]], Any], scale: Scale
    ) -> Records:
        """Return those that are as good as the extreme; none where they cannot be compared."""
        sizes = scale.sizes(record.attrs for record in measured)
        if sizes is None:
            return []
        good = scale.extreme(sizes, pick(sizes))
        return [record for record, kept in zip(measured, good, strict=True) if kept]

    def _units_differ(self, records: Records) -> bool:
        first = records[0].attrs
        return any(
            record.attrs.get(unit) != first.get(unit) for record in records for unit in self._units
        )


def _filled(record: SourceRecord, names: tuple[str, ...] | None) -> int:
    attrs = record.attrs
    said = attrs.values() if names is None else [attrs.get(name) for name in names]
    return sum(value is not None for value in said)


def _hashable(values: list[object]) -> object:
    if any(isinstance(value, dict | list) for value in values):
        return json.dumps(values, sort_keys=True)
    return tuple(values)
