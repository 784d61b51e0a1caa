"""The mark of the hub's own transactions, which the feed shows with their changes.

PostgreSQL: a replication origin, held by one session at a time, hence a few of them. MariaDB: the
session's GTID domain (a server_id of its own would do too, but Debezium could not go on from a
position between transactions of two servers in one domain). Where a session gets none, writes go
on without, and the ledger alone tells the echo.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pymysql
from psycopg import errors

from golden_records.domain.catalogue import Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.domain.catalogue import System

log = logging.getLogger(__name__)

FUNCTIONS: Final = (
    "pg_replication_origin_create(text)",
    "pg_replication_origin_session_setup(text)",
)
CREATE: Final = """
SELECT pg_replication_origin_create(name) FROM unnest(%s::text[]) name
WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = name)
"""
DROP: Final = """
SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname = ANY(%s)
"""
HOLD: Final = "SELECT pg_replication_origin_session_setup(%s)"


class Tagging:
    """Marks the sessions of one target, and remembers whether all of them could be."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._marked = False
        self._refused = False

    @property
    def on(self) -> bool:
        """Whether every session since the start carries a mark."""
        return self._marked and not self._refused

    def mark(self, session: Any) -> bool:  # noqa: ANN401 - a connection of either driver
        """Mark a new session if the system is to have marks; say whether it now carries one."""
        tags = self._system.tags
        if not tags:
            return False
        take = _hold_one if self._system.engine is Engine.POSTGRESQL else _set_domain
        problem = take(session, tags)
        if problem is None:
            self._marked = True
        elif not self._refused:
            self._refused = True
            log.warning("writes to %s carry no mark from now on: %s", self._system.name, problem)
        return problem is None


def _hold_one(session: psycopg.Connection[Any], tags: Sequence[str]) -> str | None:
    """Hold the first origin that no other session holds; return why there is none."""
    for name in tags:
        try:
            session.execute(HOLD, (name,))
            session.commit()
        except errors.ObjectInUse:
            session.rollback()
        except psycopg.Error as error:
            session.rollback()
            return str(error).splitlines()[0]
        else:
            return None
    return f"all {len(tags)} replication origins are held by other sessions"


def _set_domain(session: pymysql.Connection[Any], tags: Sequence[str]) -> str | None:
    try:
        with session.cursor() as cursor:
            cursor.execute(
                "SET SESSION gtid_domain_id = %s", (int(tags[0].removeprefix("gtid_domain:")),)
            )
    except pymysql.MySQLError as error:
        return str(error.args[-1])
    return None


def create_origins(url: str, tags: Sequence[str]) -> str | None:
    """Create the origins that are missing and try one; return what stands against it."""
    try:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(CREATE, (list(tags),))
            return _hold_one(session, tags)
    except psycopg.Error as error:
        return str(error).splitlines()[0]


def drop_origins(url: str, tags: Sequence[str]) -> None:
    """Drop the origins that exist; one that a session holds stays."""
    with psycopg.connect(url, autocommit=True) as session:
        for name in tags:
            try:
                session.execute(DROP, ([name],))
            except errors.ObjectInUse:
                continue
