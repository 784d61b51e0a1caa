"""Restore dumps of real databases with drivers alone: no client program needs to be there."""

from __future__ import annotations

import gzip
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from pymysql.constants import CLIENT

COPY_ENDS = "\\.\n"
BATCH = 200


def restore_postgresql(url, dump):
    """Run a plain pg_dump: statements as they stand, COPY through the protocol's own way."""
    with (
        psycopg.connect(url, autocommit=True) as session,
        gzip.open(dump, "rt", encoding="utf-8") as lines,
    ):
        statements = []
        for line in lines:
            if line.startswith("COPY "):
                session.execute("".join(statements))
                statements = []
                _copy(session, line, lines)
            elif not line.startswith(("\\", "--")):
                statements.append(line)
        session.execute("".join(statements))


def _text(dump):
    return gzip.open(dump, "rt", encoding="utf-8")


def _copy(session, statement, lines):
    with session.cursor() as cursor, cursor.copy(statement.rstrip(";\n")) as copy:
        for line in lines:
            if line == COPY_ENDS:
                return
            copy.write(line)


def restore_mariadb(url, database, dump):
    """Run a plain mariadb-dump; each of its statements ends with its line."""
    with (
        mariadb_session(url, database) as session,
        session.cursor() as cursor,
        _text(dump) as text,
    ):
        for batch in _batches(line for line in text if not line.startswith(("--", "/*M!"))):
            cursor.execute(batch)
            while cursor.nextset():
                pass


def _batches(lines):
    statements, count = [], 0
    for line in lines:
        statements.append(line)
        if line.endswith(";\n"):
            count += 1
        if count == BATCH:
            yield "".join(statements)
            statements, count = [], 0
    if "".join(statements).strip():
        yield "".join(statements)


def mariadb_session(url, database=None):
    """Return a session that commits each statement; more than one may be sent at once."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database,
        charset="utf8mb4",
        autocommit=True,
        client_flag=CLIENT.MULTI_STATEMENTS,
    )
