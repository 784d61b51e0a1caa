"""Sessions at a source, for reading what its feed does not tell; the password is the plain one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
import pymysql

if TYPE_CHECKING:
    from connectors.debezium.source_spec import SourceSpec

CONNECT_SECONDS: Final = 10


def postgresql_session(source: SourceSpec, password: str) -> psycopg.Connection[Any]:
    """Open the source's database; psycopg.OperationalError where that is refused."""
    return psycopg.connect(
        host=source.host,
        port=source.port,
        dbname=source.database,
        user=source.user,
        password=password,
        connect_timeout=CONNECT_SECONDS,
    )


def mariadb_session(source: SourceSpec, password: str) -> pymysql.Connection[Any]:
    """Open the source's server; pymysql.MySQLError where that is refused."""
    return pymysql.connect(
        host=source.host,
        port=source.port,
        user=source.user,
        password=password,
        connect_timeout=CONNECT_SECONDS,
    )
