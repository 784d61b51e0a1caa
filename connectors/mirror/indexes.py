"""Indexes of mirrors, derived from the links of the mappings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from connectors.mirror.names import Names, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg import Connection

    from connectors.mirror.derive.paths import Way
    from connectors.mirror.plans import MappingPlan
    from golden_records.domain.rowchange import TableContract


def install_indexes(
    conn: Connection[Any],
    plans: Iterable[MappingPlan],
    contracts: Mapping[tuple[str, str], TableContract],
) -> None:
    """Index every column by which a mapping or a way to its roots finds rows.

    A column that leads the primary key has its index already.
    """
    wanted = {
        (plan.mapping.system, table, column)
        for plan in plans
        for ways in (*plan.ways.values(), *plan.sure_ways.values())
        for way in ways
        for table, column in linked_columns(way)
    }
    for system, table, column in sorted(wanted):
        contract = contracts[system, table]
        if contract.key[0] != column:
            conn.execute(
                f"CREATE INDEX IF NOT EXISTS {quoted(index_name(system, table, column))}"
                f" ON {Names.mirror(system, table)} ({quoted(column)}) WHERE NOT _deleted"
            )


def linked_columns(way: Way) -> Iterator[tuple[str, str]]:
    """Table and column of both sides of each equality, and of the key."""
    tables = dict(way.instances)
    for condition in way.conditions:
        if isinstance(condition, exp.EQ):
            sides = (condition.left.unnest(), condition.right.unnest())
            if all(isinstance(side, exp.Column) for side in sides):
                yield from ((tables[side.text("table")], side.name) for side in sides)
    if isinstance(way.key, exp.Column):
        yield tables[way.key.table], way.key.name


def index_name(system: str, table: str, column: str) -> str:
    """A name that no other column's index has, also where PostgreSQL would cut it."""
    digest = hashlib.sha256(f"{system}/{table}/{column}".encode()).hexdigest()[:10]
    return f"{table[:24]}_{column[:20]}_{digest}"
