"""Mirror tables and live views: created, and widened when a contract gains columns."""

# ruff: noqa: S608 - identifiers are quoted, and no value of the feed ever becomes SQL text
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connectors.mirror.names import Names, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from golden_records.domain.rowchange import TableContract

MARKS: Final[Mapping[str, str]] = {
    "_position": 'text COLLATE "C"',
    "_offset": "bigint NOT NULL",
    "_deleted": "boolean NOT NULL",
    "_ahead": "boolean NOT NULL",
    "_changed_at": "timestamptz",
    "_origin": "text",
}
"""What every mirror row carries beside the source's columns, in the order of a staged row."""

EXISTING: Final = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
"""


def install_mirrors(
    conn: Connection[Any], contracts: Iterable[TableContract]
) -> list[TableContract]:
    """Create what is missing, add new columns; return the tables that gained columns."""
    widened = []
    for contract in contracts:
        conn.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(Names.mirror_schema(contract.system))}")
        conn.execute(
            f"CREATE TABLE IF NOT EXISTS {Names.truncations(contract.system)}"
            ' ("table" text PRIMARY KEY, position text COLLATE "C" NOT NULL)'
        )
        if install_mirror(conn, contract):
            widened.append(contract)
    return widened


def install_mirror(conn: Connection[Any], contract: TableContract) -> bool:
    """Create or widen one mirror; True when columns were added to an existing one."""
    name = Names.mirror(contract.system, contract.table)
    existing = existing_columns(conn, contract)
    if not existing:
        conn.execute(create_table(contract))
        return False
    missing = [column for column in contract.columns if column.name not in existing]
    for column in missing:
        conn.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column.name)} {column.type}")
    return bool(missing)


def existing_columns(conn: Connection[Any], contract: TableContract) -> dict[str, str]:
    """The mirror's columns and their types as they stand; empty when there is no mirror."""
    rows = conn.execute(EXISTING, (Names.mirror(contract.system, contract.table),)).fetchall()
    return dict(rows)


def create_table(contract: TableContract) -> str:
    """The mirror's DDL. Only the key is NOT NULL: a tombstone of an unseen row has nothing else."""
    columns = [f"{quoted(column.name)} {column.type}" for column in contract.columns]
    columns += [f"{name} {kind}" for name, kind in MARKS.items()]
    key = ", ".join(quoted(name) for name in contract.key)
    name = Names.mirror(contract.system, contract.table)
    # Room in each page lets an update stay there without touching an index.
    columns.append(f"PRIMARY KEY ({key})")
    return f"CREATE TABLE {name} ({', '.join(columns)}) WITH (fillfactor = 85)"


def install_live_views(
    conn: Connection[Any], names: Names, contracts: Iterable[TableContract]
) -> None:
    """Create the views without tombstones that mappings read."""
    for contract in contracts:
        schema = quoted(names.live_schema(contract.system))
        conn.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        columns = ", ".join(quoted(name) for name in contract.column_names)
        conn.execute(
            f"CREATE OR REPLACE VIEW {names.live(contract.system, contract.table)} AS"
            f" SELECT {columns} FROM {Names.mirror(contract.system, contract.table)}"
            " WHERE NOT _deleted"
        )
