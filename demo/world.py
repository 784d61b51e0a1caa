"""Builds the four databases and fills them; keeps the record of what was put where.

python -m demo.world --postgres URL --mariadb URL --state DIR [--seed N] [--customers N]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql
from psycopg import sql

from demo.clock import WallClock
from demo.databases import (
    POSTGRES_SYSTEMS,
    SYSTEMS,
    Cursor,
    Desk,
    Servers,
    connect_mariadb,
    connect_postgres,
    insert_many,
)
from demo.layouts import LAYOUTS, Row, fixed_rows
from demo.population import Sizes, generate
from demo.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUTH_FILE = "truth.json"
JOURNAL_FILE = "journal.jsonl"
_IDENTITIES = {
    "erp": {"party": "id", "item": "id"},
    "cpq": {"account": "account_id", "catalog_item": "item_id", "price_book_entry": "entry_id"},
    "pim": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The world as it was loaded."""

    seed: int
    loaded_at: datetime
    records: Sequence[Record]

    def save(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        body = {
            "seed": self.seed,
            "loaded_at": self.loaded_at.isoformat(),
            "records": [record.as_json() for record in self.records],
        }
        (directory / TRUTH_FILE).write_text(json.dumps(body), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Truth:
        body = json.loads((directory / TRUTH_FILE).read_text(encoding="utf-8"))
        return cls(
            seed=body["seed"],
            loaded_at=datetime.fromisoformat(body["loaded_at"]),
            records=[Record.from_json(record) for record in body["records"]],
        )


def build(servers: Servers, *, seed: int, sizes: Sizes, now: datetime) -> Truth:
    """Create the four databases anew and fill them; what was in them before is gone."""
    truth = Truth(seed=seed, loaded_at=now, records=generate(seed=seed, sizes=sizes, now=now))
    drop(servers)
    _create(servers)
    desk = Desk(servers)
    try:
        for system in SYSTEMS:
            _load(desk, system, [each for each in truth.records if each.ref.system == system])
    finally:
        desk.close()
    return truth


def drop(servers: Servers) -> None:
    """Drop the four databases where they exist, with the replication slots that nobody reads.

    PostgreSQL refuses where a reader is still at work; stop the connectors first.
    """
    connection = connect_postgres(servers)
    connection.autocommit = True
    for system in POSTGRES_SYSTEMS:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            " WHERE database = %s AND NOT active",
            (servers.database(system),),
        )
        name = sql.Identifier(servers.database(system))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    connection.close()
    with connect_mariadb(servers) as maria, maria.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{servers.database('commerce')}`")


def _create(servers: Servers) -> None:
    connection = connect_postgres(servers)
    connection.autocommit = True
    for system in POSTGRES_SYSTEMS:
        name = sql.Identifier(servers.database(system))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    connection.close()
    with connect_mariadb(servers) as maria, maria.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE `{servers.database('commerce')}` CHARACTER SET utf8mb4",
        )


def _load(desk: Desk, system: str, records: Sequence[Record]) -> None:
    with desk.transaction(system) as cursor:
        _run_script(cursor, _schema(system))
    with desk.transaction(system) as cursor:
        for table, rows in _rows(system, records).items():
            for batch in _alike(rows):
                _write(cursor, system, table, batch)
        for table, column in _IDENTITIES.get(system, {}).items():
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608 - our own names
                f" (SELECT coalesce(max({column}), 1) FROM {table}))",
            )
    connection = desk.connection(system)
    if system in POSTGRES_SYSTEMS:
        connection.execute("ANALYZE")
        connection.commit()


def _schema(system: str) -> str:
    return resources.files("demo").joinpath("schemas", f"{system}.sql").read_text(encoding="utf-8")


def _run_script(cursor: Cursor, script: str) -> None:
    """Run a schema; in MariaDB statement by statement, as its driver wants it."""
    if not isinstance(cursor, pymysql.cursors.Cursor):
        cursor.execute(script)
        return
    lines = [line.partition("--")[0] for line in script.splitlines()]
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            cursor.execute(statement)


def _rows(system: str, records: Sequence[Record]) -> dict[str, list[Row]]:
    """Lay the records out by table, parents before children."""
    tables: dict[str, list[Row]] = defaultdict(list)
    for table, row in fixed_rows().get(system, []):
        tables[table].append(row)
    for (_, entity), layout in ((key, LAYOUTS[key]) for key in LAYOUTS if key[0] == system):
        for record in records:
            if record.ref.entity == entity:
                for table, row in layout(record):
                    tables[table].append(row)
    return tables


def _alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Group rows by the columns that they name."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append(row)
    return list(groups.values())


def _write(cursor: Cursor, system: str, table: str, rows: Sequence[Row]) -> None:
    if system not in POSTGRES_SYSTEMS:
        insert_many(cursor, system, table, rows)
        return
    columns = sql.SQL(", ").join(sql.Identifier(column) for column in rows[0])
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    with cursor.copy(query) as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def arguments(description: str) -> argparse.ArgumentParser:
    """Begin a command line that says where the servers and the world's own record are."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--postgres", required=True, help="URL of the PostgreSQL server")
    parser.add_argument("--mariadb", required=True, help="URL of the MariaDB server")
    parser.add_argument(
        "--state", required=True, type=Path, help="folder of the world's own record"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Build the world."""
    parser = arguments("Create the demo's four source systems and fill them.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=Sizes().customers)
    parser.add_argument("--skus", type=int, default=Sizes().skus)
    chosen = parser.parse_args(argv)
    servers = Servers(postgres=chosen.postgres, mariadb=chosen.mariadb)
    sizes = Sizes(customers=chosen.customers, skus=chosen.skus)
    truth = build(servers, seed=chosen.seed, sizes=sizes, now=WallClock().now())
    truth.save(chosen.state)
    (chosen.state / JOURNAL_FILE).unlink(missing_ok=True)
    sys.stdout.write(f"{len(truth.records)} records in {len(SYSTEMS)} systems\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
