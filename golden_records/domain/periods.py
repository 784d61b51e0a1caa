"""Which records of a dated entity are in force, and when that changes next.

A period is half open: [from, to). No begin and no end are unbounded. A date begins at midnight of
the entity's zone, a timestamp where it says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from golden_records.domain.records import Period
from golden_records.domain.values import INFINITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from golden_records.domain.records import Lineage, SourceRecord
    from golden_records.domain.survival import Records

    Pick: TypeAlias = Callable[[Iterable[datetime]], datetime]

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
DATE_LENGTH: Final = len("2026-01-01")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which the same records are in force."""

    begins: datetime
    ends: datetime
    records: Records


class Periods:
    """The two attributes that bound an entity's records, in a zone."""

    __slots__ = ("_names", "_zone")

    def __init__(self, names: tuple[str, str], zone: ZoneInfo) -> None:
        self._names = names
        self._zone = zone

    def in_force(self, records: Records, now: datetime) -> tuple[Records, datetime | None]:
        """Return the records that take part in a merge, and when to look again.

        In force are those whose period holds now; where none does, those that begin next; where
        nothing is to come, those that ended last. The golden record carries the dates, so nobody
        takes a coming price for a valid one.
        """
        spans = [(record, *self._span(record.attrs)) for record in records]
        bounds = {bound for _record, *span in spans for bound in span if now < bound < LATEST}
        nearest = (
            [record for record, begin, end in spans if begin <= now < end]
            or _extreme([(record, begin) for record, begin, _end in spans if begin > now], min)
            or _extreme([(record, end) for record, _begin, end in spans], max)
        )
        return nearest, min(bounds, default=None)

    def spans(self, records: Records, cuts: Iterable[datetime] = ()) -> list[Span]:
        """Cut the time wherever a record begins or ends, or at `cuts`; gaps are left out.

        The spans follow each other without overlap, and cover exactly what the records cover.
        """
        dated = [(record, *self._span(record.attrs)) for record in records]
        dated = [(record, begin, end) for record, begin, end in dated if begin < end]
        bounds = sorted({bound for _record, *span in dated for bound in span} | set(cuts))
        return [
            Span(begin, end, inside)
            for begin, end in pairwise(bounds)
            if (inside := [record for record, b, e in dated if b <= begin and end <= e])
        ]

    def _span(self, attrs: Mapping[str, object]) -> tuple[datetime, datetime]:
        begin, end = self._names
        return self.instant(attrs.get(begin), EARLIEST), self.instant(attrs.get(end), LATEST)

    def instant(self, value: object, default: datetime) -> datetime:
        """Read a canonical date or timestamp as an instant; `default` where there is none."""
        if not isinstance(value, str):
            return default
        if value in INFINITIES:
            return EARLIEST if value.startswith("-") else LATEST
        if len(value) > DATE_LENGTH:
            return datetime.fromisoformat(value)
        midnight = datetime.combine(date.fromisoformat(value), time(), tzinfo=self._zone)
        try:
            return midnight.astimezone(UTC)
        except OverflowError:
            return EARLIEST if midnight.year == 1 else LATEST


def period(span: Span, attrs: Mapping[str, object], lineage: Mapping[str, Lineage]) -> Period:
    """Return what was decided for a span; the ends of time are open ends."""
    return Period(
        begins=None if span.begins == EARLIEST else span.begins,
        ends=None if span.ends == LATEST else span.ends,
        attrs=attrs,
        lineage=lineage,
    )


def joined(periods: Sequence[Period]) -> tuple[Period, ...]:
    """Join neighbours that hold the same values for the same reason."""
    found: list[Period] = []
    for one in periods:
        last = found[-1] if found else None
        if last and last.ends == one.begins and _alike(last, one):
            found[-1] = replace(last, ends=one.ends)
        else:
            found.append(one)
    return tuple(found)


def _alike(one: Period, other: Period) -> bool:
    return one.attrs == other.attrs and {
        name: (item.system, item.key) for name, item in one.lineage.items()
    } == {name: (item.system, item.key) for name, item in other.lineage.items()}


def _extreme(dated: list[tuple[SourceRecord, datetime]], pick: Pick) -> Records:
    if not dated:
        return []
    chosen = pick(instant for _record, instant in dated)
    return [record for record, instant in dated if instant == chosen]
