"""Plain connections to the world's four databases: psycopg for three, PyMySQL for the fourth."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from psycopg import conninfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

POSTGRES_SYSTEMS = ("erp", "cpq", "pim")
SYSTEMS = (*POSTGRES_SYSTEMS, "commerce")
ATTEMPTS = 5
COLLISIONS_POSTGRES = frozenset({"40P01", "40001"})
COLLISIONS_MARIADB = frozenset({1205, 1213, 1020})
Done = TypeVar("Done")
Cursor: TypeAlias = Any
Connection: TypeAlias = Any
"""A psycopg or a PyMySQL connection: used through cursor(), commit() and rollback() alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the two servers are; `prefix` begins the name of each database."""

    postgres: str
    mariadb: str
    prefix: str = "demo_"

    def database(self, system: str) -> str:
        return f"{self.prefix}{system}"


def connect(servers: Servers, system: str) -> Connection:
    """Open a connection to one system's database."""
    if system in POSTGRES_SYSTEMS:
        return connect_postgres(servers, servers.database(system))
    return connect_mariadb(servers, servers.database(system))


def connect_postgres(servers: Servers, database: str | None = None) -> Connection:
    """Open a connection in UTC; to the database that the URL names where none is given."""
    changed = {} if database is None else {"dbname": database}
    return psycopg.connect(
        conninfo.make_conninfo(servers.postgres, options="-c timezone=UTC", **changed),
    )


def connect_mariadb(servers: Servers, database: str | None = None) -> Connection:
    """Open a connection in UTC that counts the rows found, not the rows that looked different."""
    url = urlsplit(servers.mariadb)
    return pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=unquote(url.username or "root"),
        password=unquote(url.password or ""),
        database=database,
        charset="utf8mb4",
        init_command="SET time_zone = '+00:00', lock_wait_timeout = 30",
        client_flag=pymysql.constants.CLIENT.FOUND_ROWS,
    )


@dataclass(slots=True)
class Desk:
    """One open connection per system, at which the world's people and the judge work."""

    servers: Servers
    _open: dict[str, Connection] = field(default_factory=dict)

    def connection(self, system: str) -> Connection:
        if system not in self._open:
            self._open[system] = connect(self.servers, system)
        return self._open[system]

    @contextmanager
    def transaction(self, system: str) -> Iterator[Cursor]:
        """Give a cursor whose statements commit together or not at all."""
        connection = self.connection(system)
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    def attempt(self, system: str, work: Callable[[Cursor], Done]) -> Done:
        """Do the work in a transaction; one that another's locks ended is begun anew.

        The server ends one of two that wait for each other, and applications try again.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                with self.transaction(system) as cursor:
                    return work(cursor)
            except (psycopg.OperationalError, pymysql.OperationalError) as error:
                if not _collided(error):
                    raise
        with self.transaction(system) as cursor:
            return work(cursor)

    def read(self, system: str, query: str) -> Sequence[Sequence[Any]]:
        with self.transaction(system) as cursor:
            cursor.execute(query)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()


def _collided(error: Exception) -> bool:
    if isinstance(error, psycopg.Error):
        return error.sqlstate in COLLISIONS_POSTGRES
    return bool(error.args) and error.args[0] in COLLISIONS_MARIADB


def insert(cursor: Cursor, system: str, table: str, row: Mapping[str, Any]) -> None:
    """Insert one row, its columns named."""
    insert_many(cursor, system, table, [row])


def insert_many(cursor: Cursor, system: str, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns as the first of them."""
    columns = list(rows[0])
    named = ", ".join(_quoted(system, column) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    cursor.executemany(
        f"INSERT INTO {_quoted(system, table)} ({named}) VALUES ({marks})",  # noqa: S608 - our own names
        [tuple(row[column] for column in columns) for row in rows],
    )


def _quoted(system: str, name: str) -> str:
    return f'"{name}"' if system in POSTGRES_SYSTEMS else f"`{name}`"
