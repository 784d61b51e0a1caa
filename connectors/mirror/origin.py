"""Where in the feed a record came from: the mirror rows that stand for its root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import dict_row
from sqlglot import exp

from connectors.mirror.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

    from connectors.mirror.plans import MappingPlan
    from golden_records.domain.rowchange import TableContract

READ = """
SELECT m._position AS position, m._offset AS "offset", m._changed_at AS changed_at,
       m._origin AS origin, m._deleted AS deleted
FROM {mirror} m WHERE m.{column} = {key}::{type} ORDER BY m._offset DESC LIMIT 10
"""


def feed_rows(
    conn: Connection[Any],
    plan: MappingPlan,
    contracts: Mapping[tuple[str, str], TableContract],
    root_key: str,
) -> list[dict[str, Any]]:
    """Return table, topic, offset and source position of the root's own rows, newest first."""
    found: list[dict[str, Any]] = []
    system = plan.mapping.system
    for table, column in dict.fromkeys(_root_columns(plan)):
        statement = sql.SQL(READ).format(
            mirror=sql.SQL(Names.mirror(system, table)),
            column=sql.Identifier(column),
            key=sql.Literal(root_key),
            type=sql.SQL(plan.key_type),
        )
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement).fetchall()
        topic = contracts[system, table].topic
        found += [{"table": table, "topic": topic, **row} for row in rows]
    return sorted(found, key=lambda row: -row["offset"])


def _root_columns(plan: MappingPlan) -> Iterator[tuple[str, str]]:
    """The columns that are the evaluation key themselves, with no other row in between."""
    for table, ways in plan.ways.items():
        for way in ways:
            if len(way.instances) == 1 and isinstance(way.key, exp.Column):
                yield table, way.key.name
