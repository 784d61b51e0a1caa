"""Mapping views: from an author's SELECT to a view over live views.

Authors write `FROM erp.party`: a table of the mapping's own system. Only the schema's name is
replaced in the text, so everything else stays letter by letter as the author wrote it, and line
numbers of PostgreSQL's complaints stay those of the author's file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from connectors.mirror.derive.syntax import parse
from connectors.mirror.errors import MappingRefusedError
from connectors.mirror.names import Names, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

    from golden_records.domain.catalogue import EntityMapping


@dataclass(frozen=True, slots=True)
class Reading:
    """One table as the author named it. `start` and `end` are where the schema's name stands."""

    schema: str
    table: str
    line: int
    start: int
    end: int


def parsed(mapping: EntityMapping) -> exp.Expr:
    """The author's statement; MappingRefusedError when sqlglot cannot read it."""
    try:
        return parse(mapping.sql)
    except SqlglotError as error:
        first = (getattr(error, "errors", None) or [{}])[0]
        raise MappingRefusedError(
            f"{mapping.source_file or mapping.entity}: not one SELECT: {error}",
            line=first.get("line"),
        ) from error


def readings(statement: exp.Expr) -> list[Reading]:
    """The tables that the statement reads under a schema's name."""
    found = []
    for table in statement.find_all(exp.Table):
        schema = table.args.get("db")
        if schema is not None and isinstance(table.this, exp.Identifier):
            meta = schema.meta
            found.append(
                Reading(
                    folded(schema), folded(table.this), meta["line"], meta["start"], meta["end"]
                )
            )
    return found


def folded(identifier: exp.Identifier) -> str:
    """The name as PostgreSQL reads it: lower case unless quoted."""
    return str(identifier.this) if identifier.quoted else str(identifier.this).lower()


def rewritten(mapping: EntityMapping, names: Names) -> str:
    """The author's text with the system's name replaced by the schema of its live views."""
    text = mapping.sql.rstrip().removesuffix(";")
    for reading in sorted(readings(parsed(mapping)), key=lambda r: -r.start):
        if reading.schema != mapping.system:
            raise MappingRefusedError(
                f"{mapping.source_file or mapping.entity}, line {reading.line}: reads"
                f" {reading.schema}.{reading.table}; a mapping reads tables of its own system only,"
                f" as {mapping.system}.<table>",
                line=reading.line,
            )
        schema = quoted(names.live_schema(mapping.system))
        text = text[: reading.start] + schema + text[reading.end + 1 :]
    return text


def install_mapping_views(
    conn: Connection[Any], names: Names, mappings: Iterable[EntityMapping]
) -> None:
    """Create the schema of this catalogue's mapping views, and the views."""
    conn.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(names.mapping_schema)}")
    conn.execute(
        f"CREATE TABLE IF NOT EXISTS {names.forms} (system text, entity text,"
        " form text NOT NULL, PRIMARY KEY (system, entity))"
    )
    for mapping in mappings:
        install_mapping_view(conn, names, mapping)


def install_mapping_view(conn: Connection[Any], names: Names, mapping: EntityMapping) -> None:
    """Create one mapping's view; PostgreSQL's own error when it refuses."""
    name = names.mapping(mapping.system, mapping.entity)
    conn.execute(f"CREATE OR REPLACE VIEW {name} AS\n{rewritten(mapping, names)}")
