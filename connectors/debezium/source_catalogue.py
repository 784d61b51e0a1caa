"""Reads a source's own catalogue, with as few rights as its connector has."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pymysql
from psycopg.rows import namedtuple_row

from connectors.debezium.catalogue import (
    FULL,
    SourceCatalogue,
    SourceCatalogueTable,
    SourceColumn,
)
from connectors.debezium.errors import SourceUnreachableError
from connectors.debezium.sessions import mariadb_session, postgresql_session
from connectors.debezium.source_spec import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from connectors.debezium.source_spec import SourceSpec

POSTGRESQL_SETTINGS: Final = ("wal_level", "max_replication_slots", "max_wal_senders")
MARIADB_SETTINGS: Final = (
    "log_bin",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "server_id",
    "binlog_expire_logs_seconds",
    "sql_mode",
)
IDENTITIES: Final[Mapping[str, str]] = {
    "d": "DEFAULT",
    "f": FULL,
    "n": "NOTHING",
    "i": "USING INDEX",
}

POSTGRESQL_COLUMNS: Final = """
WITH RECURSIVE base AS (
  SELECT t.oid, t.oid AS root, t.typtype, t.typbasetype, NULL::int AS typmod FROM pg_type t
  UNION ALL
  SELECT b.oid, t.oid, t.typtype, t.typbasetype, nullif(d.typtypmod, -1)
    FROM base b JOIN pg_type d ON d.oid = b.root JOIN pg_type t ON t.oid = b.typbasetype
   WHERE b.typtype = 'd'
)
SELECT n.nspname AS schema, c.relname AS "table", c.relreplident AS identity, a.attname AS name,
       format_type(b.root, coalesce(b.typmod, a.atttypmod)) AS source_type,
       NOT a.attnotnull AS nullable, a.atthasdef AND a.attgenerated = '' AS has_default,
       coalesce(e.typtype, t.typtype) = 'e' AS enum, t.typlen = -1 AND a.attstorage IN ('x', 'e')
         AS large,
       array_position(i.indkey::int2[], a.attnum) AS key_position
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN base b ON b.oid = a.atttypid AND b.typtype <> 'd'
  JOIN pg_type t ON t.oid = b.root
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
 WHERE c.relkind IN ('r', 'p')
   AND (n.nspname, c.relname) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
 ORDER BY 1, 2, a.attnum
"""

MARIADB_COLUMNS: Final = """
SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE = 'YES',
       c.COLUMN_DEFAULT IS NOT NULL AND c.COLUMN_DEFAULT <> 'NULL', k.ORDINAL_POSITION,
       EXISTS (SELECT 1 FROM information_schema.CHECK_CONSTRAINTS j
                WHERE j.CONSTRAINT_SCHEMA = c.TABLE_SCHEMA AND j.TABLE_NAME = c.TABLE_NAME
                  AND j.CHECK_CLAUSE = concat('json_valid(`', c.COLUMN_NAME, '`)'))
  FROM information_schema.COLUMNS c
  LEFT JOIN information_schema.KEY_COLUMN_USAGE k
    ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
   AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
 WHERE (c.TABLE_SCHEMA, c.TABLE_NAME) IN (
"""


def read_catalogue(source: SourceSpec, password: str) -> SourceCatalogue:
    """Read the tables of `source` and its log settings; tables that are absent are left out.

    `password` is the plain one: a reference inside `source` is the Connect worker's to resolve.
    """
    return _READERS[source.engine](source, password)


def _postgresql(source: SourceSpec, password: str) -> SourceCatalogue:
    wanted = (
        [table.schema for table in source.tables],
        [table.table for table in source.tables],
    )
    try:
        with postgresql_session(source, password) as connection:
            connection.row_factory = namedtuple_row
            rows: list[Any] = connection.execute(POSTGRESQL_COLUMNS, wanted).fetchall()
            settings: list[Any] = connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
                (list(POSTGRESQL_SETTINGS),),
            ).fetchall()
    except psycopg.Error as error:
        raise _unreachable(source, error) from error
    return SourceCatalogue(
        engine=Engine.POSTGRESQL,
        tables=_tables(rows, lambda row: IDENTITIES[row.identity], _postgresql_column),
        settings={row.name: row.setting for row in settings},
    )


def _postgresql_column(row: Any) -> SourceColumn:  # noqa: ANN401  # a row of the query above
    return SourceColumn(
        name=row.name,
        source_type=row.source_type,
        nullable=row.nullable,
        has_default=row.has_default,
        enum=row.enum,
        large=row.large,
    )


class _MariaRow:
    """A row of MARIADB_COLUMNS by name; JSON shows there as longtext with a check."""

    def __init__(self, row: Sequence[Any]) -> None:
        self.schema, self.table, self.name, column_type, nullable, default, *rest = row
        self.key_position, is_json = rest
        self.source_type = "json" if is_json and column_type == "longtext" else column_type
        self.nullable, self.has_default = bool(nullable), bool(default)


def _mariadb(source: SourceSpec, password: str) -> SourceCatalogue:
    names = [part for table in source.tables for part in (table.schema, table.table)]
    places = ", ".join(["(%s, %s)"] * len(source.tables))
    query = f"{MARIADB_COLUMNS}{places}) ORDER BY 1, 2, c.ORDINAL_POSITION"
    try:
        connection = mariadb_session(source, password)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(query, names)
            rows = [_MariaRow(row) for row in cursor.fetchall()]
            cursor.execute(
                "SHOW GLOBAL VARIABLES WHERE Variable_name IN %s", (list(MARIADB_SETTINGS),)
            )
            settings = {str(name): str(value) for name, value in cursor.fetchall()}
    except pymysql.MySQLError as error:
        raise _unreachable(source, error) from error
    image = settings.get("binlog_row_image", "").upper()
    return SourceCatalogue(
        engine=Engine.MARIADB,
        tables=_tables(rows, lambda _row: image, _mariadb_column),
        settings=settings,
    )


def _mariadb_column(row: _MariaRow) -> SourceColumn:
    return SourceColumn(
        name=row.name,
        source_type=row.source_type,
        nullable=row.nullable,
        has_default=row.has_default,
    )


_READERS: Final[Mapping[Engine, Callable[[SourceSpec, str], SourceCatalogue]]] = {
    Engine.POSTGRESQL: _postgresql,
    Engine.MARIADB: _mariadb,
}


def _tables(
    rows: Iterable[Any],
    identity: Callable[[Any], str],
    column: Callable[[Any], SourceColumn],
) -> dict[tuple[str, str], SourceCatalogueTable]:
    grouped: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        grouped.setdefault((row.schema, row.table), []).append(row)
    return {
        (schema, table): SourceCatalogueTable(
            schema=schema,
            table=table,
            columns=tuple(column(row) for row in members),
            key=tuple(
                row.name
                for row in sorted(
                    (row for row in members if row.key_position is not None),
                    key=lambda row: row.key_position,
                )
            ),
            identity=identity(members[0]),
        )
        for (schema, table), members in grouped.items()
    }


def _unreachable(source: SourceSpec, error: Exception) -> SourceUnreachableError:
    return SourceUnreachableError(
        f"The source {source.name} at {source.host}:{source.port} cannot be read as"
        f" {source.user}: {str(error).splitlines()[0]}",
        system=source.name,
    )
