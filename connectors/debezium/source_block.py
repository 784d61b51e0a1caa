"""What the `source` of an event says: which table, where in the log, when, by whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from connectors.debezium.errors import (
    MissingPositionError,
    NotAnEnvelopeError,
    UnknownConnectorError,
)
from golden_records.domain.rowchange import SNAPSHOT, STREAM, Position

if TYPE_CHECKING:
    from collections.abc import Mapping

    Source = Mapping[str, Any]

INCREMENTAL: Final = "incremental"
# Older versions and some converters write booleans; null stands for the default, "false".
STREAMED: Final = frozenset({None, "false", False})
MILLION: Final = 1_000_000
_DOMAIN: Final = re.compile(r"(\d+)-\d+-\d+$")
# What Position(...) does, without the detour through its generated constructor.
new_tuple: Final = tuple.__new__


# Of one change: its place in the log (None when not said), its writer, its transaction. A bare
# tuple, because one is made for every event.
Facts: TypeAlias = "tuple[tuple[int, int, int] | None, str | None, str | None]"


class Dialect(Protocol):
    """How one kind of connector fills `source`."""

    @property
    def namespace(self) -> str:
        """The field that holds the schema (PostgreSQL) or database (MariaDB) of the table."""
        ...

    def facts(self, source: Source, transaction: Mapping[str, Any] | None) -> Facts:
        """Read what orders and attributes the change."""
        ...


class PostgreSQL:
    """LSN positions; the id in the transaction block differs by event and is not used."""

    namespace = "schema"

    def facts(self, source: Source, _transaction: Mapping[str, Any] | None) -> Facts:
        lsn = source["lsn"]
        number = source.get("txId")
        return (
            None if lsn is None else (lsn, 0, 0),
            source.get("origin"),
            None if number is None else str(number),
        )


class MariaDB:
    """Binlog positions; the file counts as a number: as text `.1000000` is before `.999999`.

    `row` is left out. From 11.4 on (unless binlog_legacy_event_pos is on) MariaDB gives all events
    of a transaction one position, and `row` starts again at 0 with each of them: it would put the
    second change of a row before its first. Equal positions apply in the order of the feed.
    """

    namespace = "db"

    def facts(self, source: Source, transaction: Mapping[str, Any] | None) -> Facts:
        file = source["file"]
        gtid = source.get("gtid") if transaction is None else transaction["id"]
        domain = _DOMAIN.match(source.get("gtid") or "")
        return (
            (file_number(file), source["pos"], 0) if file else None,
            f"gtid_domain:{domain[1]}" if domain else None,
            None if gtid is None else str(gtid),
        )


DIALECTS: Final[Mapping[str, Dialect]] = {
    "postgresql": PostgreSQL(),
    "mariadb": MariaDB(),
    "mysql": MariaDB(),
}


def dialect(source: Source) -> Dialect:
    """The dialect of the event's connector; UnknownConnectorError names the ones there are."""
    known = DIALECTS.get(source.get("connector", ""))
    if known is None:
        raise UnknownConnectorError(
            f"The record comes from the connector {source.get('connector')!r};"
            f" the hub reads {', '.join(sorted(DIALECTS))}"
        )
    return known


def is_snapshot(source: Source, *, read: bool) -> bool:
    """Whether the row was read by a snapshot of any kind."""
    return read or source.get("snapshot") not in STREAMED


def position(
    source: Source, place: tuple[int, int, int] | None, *, epoch: int, snapshot: bool
) -> Position | None:
    """The change's position; None for incremental snapshots, MissingPositionError for a gap."""
    if snapshot and (place is None or source.get("snapshot") == INCREMENTAL):
        return None
    if place is None:
        raise MissingPositionError
    return new_tuple(Position, (epoch, *place, SNAPSHOT if snapshot else STREAM))


def committed_at(source: Source) -> datetime:
    """The commit time at the source, in the finest grain that the event has."""
    microseconds = source.get("ts_us")
    if microseconds is None:
        milliseconds = source.get("ts_ms")
        if milliseconds is None:
            raise NotAnEnvelopeError("The record's source has no ts_ms; it is no change event")
        microseconds = milliseconds * 1000
    return _moment(microseconds)


@lru_cache(maxsize=4096)
def _moment(microseconds: int) -> datetime:
    seconds, rest = divmod(microseconds, MILLION)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


@lru_cache(maxsize=64)
def file_number(file: str) -> int:
    """The number at the end of a binlog file's name; MissingPositionError without one."""
    suffix = file.rpartition(".")[2]
    if not suffix.isdigit():
        raise MissingPositionError(f"The binlog file {file!r} has no number at its end")
    return int(suffix)
