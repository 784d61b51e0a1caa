"""Whether a source still keeps the part of its log that its connector has not read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pymysql

from connectors.debezium.errors import SourceUnreachableError
from connectors.debezium.sessions import mariadb_session, postgresql_session
from connectors.debezium.source_spec import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.debezium.source_spec import SourceSpec

SLOT: Final = """
SELECT wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint,
       safe_wal_size
FROM pg_replication_slots WHERE slot_name = %s
"""
AGAIN: Final = (
    "changes were missed: remove the connector with its offsets and its slot, and run"
    " `mdhub connect`, which takes a new snapshot"
)
FILES: Final = "SHOW BINARY LOGS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """The unread part of a log. `whole` is False where the source has thrown some of it away.

    `behind` is its length in bytes; `left` how many more the source will keep before it throws
    unread ones away, None where there is no such limit or nobody knows.
    """

    whole: bool
    behind: int | None = None
    left: int | None = None
    problem: str | None = None


def retained(source: SourceSpec, password: str, offset: Mapping[str, object]) -> Retained:
    """Ask the source; `offset` is what Kafka Connect holds of its connector.

    SourceUnreachableError where it does not answer.
    """
    try:
        return _ASK[source.engine](source, password, offset)
    except (psycopg.OperationalError, pymysql.MySQLError) as error:
        message = f"{source.name} at {source.host}:{source.port} does not answer: {error}"
        raise SourceUnreachableError(message, system=source.name) from error


def _postgresql(source: SourceSpec, password: str, _offset: Mapping[str, object]) -> Retained:
    with postgresql_session(source, password) as session:
        row = session.execute(SLOT, (source.slot_name,)).fetchone()
    if row is None:
        problem = f"the replication slot {source.slot_name} is gone; {AGAIN}"
        return Retained(whole=False, problem=problem)
    status, behind, left = row
    said = {
        "lost": f"PostgreSQL has given up the slot {source.slot_name}; {AGAIN}",
        "unreserved": (
            f"PostgreSQL is about to give up the slot {source.slot_name}: let its connector run,"
            " or raise max_slot_wal_keep_size"
        ),
    }
    return Retained(whole=status != "lost", behind=behind, left=left, problem=said.get(status))


def _mariadb(source: SourceSpec, password: str, offset: Mapping[str, object]) -> Retained:
    with closing(mariadb_session(source, password)) as session, session.cursor() as cursor:
        cursor.execute(FILES)
        files = {str(name): int(size) for name, size, *_ in cursor.fetchall()}
    name, place = offset.get("file"), offset.get("pos")
    if name is None:
        return Retained(whole=True)
    if name not in files:
        problem = f"MariaDB has purged {name}, which the connector has not read to its end; {AGAIN}"
        return Retained(whole=False, problem=problem)
    unread = sum(size for file, size in files.items() if file >= str(name))
    return Retained(whole=True, behind=unread - int(str(place or 0)))


_ASK: Final[Mapping[Engine, Callable[[SourceSpec, str, Mapping[str, Any]], Retained]]] = {
    Engine.POSTGRESQL: _postgresql,
    Engine.MARIADB: _mariadb,
}
