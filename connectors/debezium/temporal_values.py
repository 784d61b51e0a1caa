"""Converters for dates and times: ISO strings, or numbers whose unit the wire form states.

The hub holds the years 1 to 9999 and the two infinities. Anything else is refused with its text,
because Python and most targets could not hold it either.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from connectors.debezium.errors import UnstorableError
from connectors.debezium.scalar_values import as_text
from connectors.debezium.wire import MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.debezium.wire import Wire
    from golden_records.domain.rowchange import ColumnContract

LIKE_A_DATE: Final = re.compile(r"[+-]?\d+-\d")
EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # a timestamp without time zone is naive
EPOCH_DATE: Final = date(1970, 1, 1)
MIDNIGHT: Final = time(0)
DAY: Final = timedelta(days=1)

_Special = TypeVar("_Special")

INFINITY: Final = "infinity"
MINUS_INFINITY: Final = "-infinity"

# What Debezium makes of PostgreSQL's infinities. A `date` overflows on its way, and differently in
# a stream and in an incremental snapshot.
SPECIAL_TIMESTAMPS: Final[Mapping[object, str | datetime]] = {
    INFINITY: INFINITY,
    MINUS_INFINITY: MINUS_INFINITY,
    9223372036825200000: INFINITY,
    -9223372036832400000: MINUS_INFINITY,
    9223372036825200: INFINITY,
    -9223372036832400: MINUS_INFINITY,
    "+294247-01-10T04:00:25.2Z": INFINITY,
    "-290308-12-21T19:59:27.6Z": MINUS_INFINITY,
    # A snapshot reads early dates by the Julian calendar: the first day (the "no date" of many
    # applications) arrives two days early, in a year that Python does not have.
    "0000-12-30T00:00:00Z": datetime.min,  # noqa: DTZ901
    -62135769600000000: datetime.min,  # noqa: DTZ901
    -62135769600000: datetime.min,  # noqa: DTZ901
    "0000-12-30T00:00:00.000000Z": datetime.min.replace(tzinfo=UTC),
}
SPECIAL_DATES: Final[Mapping[object, str]] = {
    INFINITY: INFINITY,
    MINUS_INFINITY: MINUS_INFINITY,
    "-5877611-06-21Z": INFINITY,
    "-5877611-06-22Z": MINUS_INFINITY,
    -2147472692: INFINITY,
    -2147472691: MINUS_INFINITY,
    "+292278994-08-16Z": INFINITY,
    "+292269055-12-02Z": MINUS_INFINITY,
    -622191234: INFINITY,
    -625821272: MINUS_INFINITY,
}


def iso_date(_column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """Dates: `2024-02-29Z` or days since 1970."""

    def convert(value: object) -> date | str:
        try:
            if type(value) is str:
                return date.fromisoformat(value.removesuffix("Z"))
            return EPOCH_DATE + _whole(value) * DAY
        except (ValueError, OverflowError):
            return _special(value, SPECIAL_DATES)

    return convert


def timestamp(_column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """Timestamps without zone; the Z of an ISO string is no claim about one."""
    unit = wire.units[1]

    def convert(value: object) -> datetime | str:
        try:
            if type(value) is str:
                return _naive(datetime.fromisoformat(value.removesuffix("Z")))
            return EPOCH + timedelta(microseconds=_whole(value) * unit // MICROSECONDS)
        except (ValueError, OverflowError):
            return _special(value, SPECIAL_TIMESTAMPS)

    return convert


def zoned_timestamp(_column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """Instants: always an ISO string with its offset."""

    def convert(value: object) -> datetime | str:
        try:
            return _aware(datetime.fromisoformat(as_text(value)))
        except ValueError:
            return _special(value, SPECIAL_TIMESTAMPS)

    return convert


def clock_time(_column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """Times of the day; 24:00 is not one for Python and is refused."""
    unit = wire.units[0]

    def convert(value: object) -> time:
        if type(value) is str:
            return time.fromisoformat(value.removesuffix("Z"))
        since_midnight = timedelta(microseconds=_whole(value) * unit // MICROSECONDS)
        if not timedelta() <= since_midnight < DAY:
            raise ValueError(f"{since_midnight} is no time of the day")
        return (EPOCH + since_midnight).time()

    return convert


def zoned_time(_column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """Times of the day with an offset."""

    def convert(value: object) -> time:
        return time.fromisoformat(as_text(value))

    return convert


def interval(column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """A span: PostgreSQL's interval as text, MariaDB's TIME (negative, past 24 h) as timedelta."""
    if column.source_type.lower().startswith("time"):
        return _span(wire.units[0])

    def convert(value: object) -> str:
        if type(value) is str:
            return value
        return f"{_whole(value)} microseconds"

    return convert


def _span(unit: int) -> Callable[[object], object]:
    def convert(value: object) -> timedelta:
        if type(value) is str:
            return _span_of_text(value)
        return timedelta(microseconds=_whole(value) * unit // MICROSECONDS)

    return convert


def _span_of_text(value: str) -> timedelta:
    digits = value.removesuffix("Z").removeprefix("-")
    hours, minutes, seconds = (*digits.split(":"), "0")[:3]
    whole, _, fraction = seconds.partition(".")
    span = timedelta(
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(whole),
        microseconds=int(fraction.ljust(6, "0")[:6]),
    )
    return -span if value.startswith("-") else span


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"expected a date or time, got {type(value).__name__}")
    return value


def _naive(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("a timestamp without time zone carries an offset")
    return moment


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a timestamp with time zone carries no offset")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _special(value: object, table: Mapping[object, _Special]) -> _Special:
    known = table.get(value)
    if known is None:
        message = f"{value!r} is no date or time in the years 1 to 9999"
        like = type(value) is int or (type(value) is str and LIKE_A_DATE.match(value))
        raise UnstorableError(message) if like else ValueError(message)
    return known
