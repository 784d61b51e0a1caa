"""Which records of a dated entity are in force, and when that changes next.

A period is half open: [from, to). No begin and no end are unbounded. A date begins at midnight of
the entity's zone, a timestamp where it says.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final, TypeAlias

from golden_records.domain.values import INFINITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from golden_records.domain.records import SourceRecord
    from golden_records.domain.survival import Records

    Pick: TypeAlias = Callable[[Iterable[datetime]], datetime]

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
DATE_LENGTH: Final = len("2026-01-01")


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


def _extreme(dated: list[tuple[SourceRecord, datetime]], pick: Pick) -> Records:
    if not dated:
        return []
    chosen = pick(instant for _record, instant in dated)
    return [record for record, instant in dated if instant == chosen]
