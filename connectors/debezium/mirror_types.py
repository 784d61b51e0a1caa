"""Which type a source column has in the mirror. Pure tables; what is absent cannot be mirrored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from connectors.debezium.wire import source_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

POSTGRESQL: Final[Mapping[str, str]] = {
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "oid": "bigint",
    "numeric": "numeric",
    "money": "numeric",
    "real": "real",
    "double precision": "double precision",
    "boolean": "boolean",
    "text": "text",
    "character varying": "text",
    "character": "text",
    "name": "text",
    "citext": "text",
    "xml": "text",
    "ltree": "text",
    "tsvector": "text",
    "uuid": "uuid",
    "inet": "text",
    "cidr": "text",
    "macaddr": "text",
    "macaddr8": "text",
    "json": "jsonb",
    "jsonb": "jsonb",
    "hstore": "jsonb",
    "bytea": "bytea",
    "bit": "text",
    "date": "date",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "interval": "interval",
    "int4range": "text",
    "int8range": "text",
    "numrange": "text",
    "tsrange": "text",
    "tstzrange": "text",
    "daterange": "text",
}

MARIADB: Final[Mapping[str, str]] = {
    "tinyint": "smallint",
    "smallint": "integer",
    "mediumint": "integer",
    "int": "bigint",
    "bigint": "bigint",
    "decimal": "numeric",
    "float": "double precision",
    "double": "double precision",
    "bit": "numeric",
    "year": "integer",
    "char": "text",
    "varchar": "text",
    "tinytext": "text",
    "text": "text",
    "mediumtext": "text",
    "longtext": "text",
    "enum": "text",
    "set": "text",
    "uuid": "uuid",
    "json": "jsonb",
    "binary": "bytea",
    "varbinary": "bytea",
    "tinyblob": "bytea",
    "blob": "bytea",
    "mediumblob": "bytea",
    "longblob": "bytea",
    "date": "date",
    "time": "interval",
    "datetime": "timestamp",
    "timestamp": "timestamptz",
}

# Debezium's DDL parser stops the whole connector at a table with such a column.
MARIADB_UNPARSEABLE: Final = frozenset({"inet4", "inet6"})

ARGUMENTS: Final = re.compile(r"\s*\([^)]*\)")
MODIFIERS: Final = re.compile(r"\s+(unsigned|zerofill|signed)\b")


def postgresql_type(source_type: str, *, enum: bool = False) -> str | None:
    """The mirror type of what `format_type` says, domains resolved; None for what has none."""
    if enum:
        return "text[]" if source_type.endswith("[]") else "text"
    base = ARGUMENTS.sub("", source_type).strip()
    if base.endswith("[]"):
        element = postgresql_type(source_type.removesuffix("[]"))
        return f"{element}[]" if element and element not in {"bytea", "jsonb"} else None
    if base == "bit" and source_arguments(source_type)[0] in {None, 1}:
        return "boolean"
    return POSTGRESQL.get(base.rpartition(".")[2])


def mariadb_type(source_type: str) -> str | None:
    """The mirror type of a `COLUMN_TYPE`; None for what has none."""
    base = mariadb_base(source_type)
    if base == "bit" and source_arguments(source_type)[0] in {None, 1}:
        return "boolean"
    if base == "bigint" and is_unsigned(source_type):
        return "numeric"
    return MARIADB.get(base)


def mariadb_base(source_type: str) -> str:
    """The type's bare name: `bigint` of `bigint(20) unsigned`."""
    return MODIFIERS.sub("", ARGUMENTS.sub("", source_type.lower())).strip()


def is_unsigned(source_type: str) -> bool:
    """Whether a MariaDB column is unsigned (zerofill makes it so)."""
    return bool(re.search(r"\b(unsigned|zerofill)\b", source_type.lower()))
